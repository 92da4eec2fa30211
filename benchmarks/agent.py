"""The agent at 1,000 Deployments, beside the official Python client that lists the same."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from benchmarks import agent_scale
from benchmarks.figures import Figure, Goal, Peer, Samples
from benchmarks.options import Options
from berth_local.cluster.cluster import Cluster

WORKSPACES = 1_000
RUNS = 3
"""Each takes about ten seconds, and they differ little."""
CLIENT = """\
import json, time
from kubernetes import client, config
config.load_kube_config()
began = time.perf_counter()
kept = (client.CoreV1Api().list_namespace(), client.AppsV1Api().list_deployment_for_all_namespaces())
seconds = time.perf_counter() - began
resident = next(int(line.split()[1]) for line in open('/proc/self/status') if 'VmRSS' in line)
print(json.dumps({'seconds': seconds, 'mib': resident / 1024}))
"""


def measure(options: Options) -> Iterator[Figure]:
    """Yield time until all is known and told, memory, and writes though nothing changed."""
    ours, theirs = list[dict[str, Any]](), list[dict[str, Any]]()
    with Cluster(f"{options.cluster}-agent", tier="control") as cluster:
        for _ in range(min(options.runs, RUNS)):
            ours.append(agent_scale.measure(cluster, WORKSPACES))
            theirs.append(_list(cluster))
    listed = Samples.of(each["seconds"] for each in theirs)
    yield Figure(
        f"agent: synced at {WORKSPACES:,} Deployments",
        "s",
        Samples.of(each["synced_seconds"] for each in ours),
        Peer("official client: LIST of the same", listed),
        Goal("under", agent_scale.SYNCED_SECONDS),
    )
    yield Figure(
        "agent: resident",
        "MiB",
        Samples.of(each["resident_mib"] for each in ours),
        Peer("official client: LIST of the same", Samples.of(each["mib"] for each in theirs)),
        Goal("at most", agent_scale.RESIDENT_MIB),
    )
    writes = Samples.of(each["writes"] for each in ours)
    yield Figure("agent: writes over 20 idle polls", "objects", writes, goal=Goal("at most", 0))


def _list(cluster: Cluster) -> Any:
    """LIST by the official client in a process of its own."""
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    command = [sys.executable, "-c", CLIENT]
    return json.loads(
        subprocess.run(command, env=environment, check=True, capture_output=True).stdout
    )
