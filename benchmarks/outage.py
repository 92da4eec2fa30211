"""How often an API server that is down is asked by an agent, run as a kubelet runs it.

A link before the server refuses every connection and counts them. A leader that is cut off loses its
Lease, ends, and is started again.
"""

import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from benchmarks import agent_scale
from benchmarks.figures import Figure, Goal, Samples
from berth_local.cluster.cluster import Cluster
from tests.agent.control_plane import ControlPlane
from tests.faults.link import Link

SECONDS = 60.0
RESTARTS = (0.0, 10.0, 20.0, 40.0)
"""Seconds that a kubelet waits before it starts a container again."""
REQUESTS_A_SECOND = 1.0


def measure(cluster: Cluster, is_ready: Callable[[], bool]) -> Figure:
    """Connections a second in the first minute of an outage; ``is_ready``: the agent knows all."""
    control_plane = ControlPlane()
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    port = int(config["clusters"][0]["cluster"]["server"].rpartition(":")[2])
    with Link(port) as link, tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        environment = agent_scale.prepare(cluster, control_plane, folder, port=link.port)
        process, log = agent_scale.launch(environment, folder)
        restarts, pause = iter(RESTARTS), threading.Event()
        try:
            agent_scale.wait(is_ready, process, log)
            agent_scale.wait(lambda: bool(control_plane.requests), process, log)
            link.refuse()
            ends = time.monotonic() + SECONDS
            while (left := ends - time.monotonic()) > 0:
                if process.poll() is None:
                    pause.wait(min(left, 0.1))
                    continue
                pause.wait(next(restarts))
                process, _ = agent_scale.launch(environment, folder)
            asked = link.tried / SECONDS
        finally:
            process.kill()
            process.wait()
            control_plane.close()
    goal = Goal("at most", REQUESTS_A_SECOND)
    return Figure("API server down: asked, a second", "", Samples((asked,)), None, goal)
