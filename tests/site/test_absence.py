"""An agent that is away, and what nobody owns."""

import json
import secrets
import time
from collections.abc import Callable

from berth_local.cluster.cluster import Cluster
from berth_local.site.site import Site
from chalicelib.domain.naming import make_id
from chalicelib.wire import labels
from tests.site.developer import Developer, Json
from tests.site.devfiles import devfile
from tests.site.faults import Agents
from tests.site.live import Live
from tests.site.waiting import always, first

Look = Callable[[str], Live]

GRACE_SECONDS = 60
"""The shortest grace that an organisation may have."""
OFFLINE_SECONDS = 90
"""A minute, within which an agent's sign of life is not noted again, and three of its intervals."""
REMOVED_SECONDS = 90


def test_agent_is_away_and_an_orphan_is_removed(
    site: Site, cluster: Cluster, agents: Agents, owner: Developer, live: Look
) -> None:
    """An agent that is away is shown so, its workspaces as they were; what it finds without an owner goes after the grace."""
    owner.client.patch(
        "/api/v1/organisation", {"settings": {"orphan_grace_seconds": GRACE_SECONDS}}
    )
    orphan = live(make_id("ws", secrets.token_bytes(16)))
    cluster.kubectl("create", "-f", "-", text_input=json.dumps(_namespace(orphan, site.agent_id)))
    made = owner.running(devfile())
    planted = time.monotonic()
    assert made["agent_online"]
    uid = live(made["id"]).pod()["metadata"]["uid"]

    agents.scale(0)
    first(lambda: not owner.read(made["id"])["agent_online"], "offline", seconds=OFFLINE_SECONDS)
    away = owner.read(made["id"])
    shown = owner.berth("list").stdout
    assert (away["desired"], away["actual"], away["reason"]) == ("Running", "Running", None)
    assert "Running (agent offline)" in next(row for row in shown.splitlines() if made["id"] in row)
    wished = owner.want(made["id"], "Stopped")
    assert wished["actual"] == "Running"

    # It is told of what it does not own anew with the full report that a new agent begins with.
    left = planted + GRACE_SECONDS + 2 - time.monotonic()
    always(orphan.exists, "the orphan is kept during its grace", seconds=left)
    agents.scale(1)
    first(lambda: owner.read(made["id"])["agent_online"], "online", seconds=OFFLINE_SECONDS)
    owner.await_state(made["id"], "Stopped")
    assert uid not in {pod["metadata"]["uid"] for pod in live(made["id"]).pods()}
    first(lambda: not orphan.exists(), "the orphan to be removed", seconds=REMOVED_SECONDS)
    owner.terminate(made["id"])
    owner.await_state(made["id"], "Terminated")


def _namespace(orphan: Live, agent_id: str) -> Json:
    """A namespace as the agent makes them, of a workspace that Berth never heard of."""
    workspace_id = orphan.namespace.removeprefix(labels.namespace_of(""))
    marks = {labels.WORKSPACE_ID: workspace_id, labels.AGENT_ID: agent_id}
    metadata = {"name": orphan.namespace, "labels": marks}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
