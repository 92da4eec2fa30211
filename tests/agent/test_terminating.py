"""Terminating a workspace, on a real API server as the agent's own ServiceAccount."""

from __future__ import annotations

import pytest

from berth_agent.tasks import Done, Outcome, Superseded, Waiting
from chalicelib.wire.labels import namespace_of
from tests.agent.conftest import NAMESPACE, Installed, Waits
from tests.agent.faults import Killed, Recorder
from tests.agent.orders import Workspace

pytestmark = pytest.mark.cluster

POD = """
apiVersion: v1
kind: Pod
metadata: {name: lingering}
spec:
  securityContext: {runAsNonRoot: true, runAsUser: 10001, seccompProfile: {type: RuntimeDefault}}
  containers:
    - name: main
      image: localhost/none:1
      resources: {limits: {cpu: 10m, memory: 16Mi, ephemeral-storage: 16Mi}}
      securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""


def exists(installed: Installed, kind: str, name: str, namespace: str = "") -> bool:
    """Whether the administrator sees it."""
    place = ("-n", namespace) if namespace else ()
    return installed.cluster.kubectl("get", kind, name, *place, check=False).returncode == 0


def finish(installed: Installed, workspace: Workspace, eventually: Waits) -> None:
    """Take steps until the termination is done."""
    last: list[Outcome] = []

    def is_done() -> bool:
        last.append(installed.terminator().terminate(workspace.id, 2))
        return last[-1] == Done()

    eventually(is_done, f"the end of the termination; last outcome {last[-1:]}")


def test_a_terminated_workspace_leaves_its_tombstone_alone(
    installed: Installed, workspace: Workspace, eventually: Waits
) -> None:
    """Everything goes, the tombstone stays until it is collected, and then that goes too."""
    installed.applier().run(workspace.order(1))
    finish(installed, workspace, eventually)
    assert not exists(installed, "namespace", namespace_of(workspace.id))
    tombstone = f"berth-tombstone-{workspace.id}"
    assert exists(installed, "configmap", tombstone, NAMESPACE)
    assert installed.terminator().collect(workspace.id, 1) == Superseded()
    assert installed.terminator().collect(workspace.id, 2) == Done()
    assert not exists(installed, "configmap", tombstone, NAMESPACE)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("kill_at", [1, 2, 3], ids=["tombstone", "deployment", "namespace"])
def test_a_kill_at_any_write_is_resumed_from_the_cluster(
    installed: Installed, workspace: Workspace, eventually: Waits, kill_at: int, after: bool
) -> None:
    """A process that knows nothing of the first one's steps finishes the termination."""
    installed.applier().run(workspace.order(1))
    dying = Recorder(installed.agent, kill_at=kill_at, after=after)

    def dies() -> bool:
        try:
            installed.terminator(dying).terminate(workspace.id, 2)
        except Killed:
            return True
        return False

    eventually(dies, f"write {kill_at}")
    finish(installed, workspace, eventually)
    assert not exists(installed, "namespace", namespace_of(workspace.id))
    late = installed.recorder()
    assert installed.applier(late).run(workspace.order(3)) == Superseded()
    assert late.writes == []


def test_the_volume_waits_for_the_last_pod(
    installed: Installed, workspace: Workspace, eventually: Waits
) -> None:
    """While a pod exists the namespace, and with it the volume, is not deleted."""
    installed.applier().run(workspace.order(1))
    place = namespace_of(workspace.id)
    installed.cluster.kubectl("apply", "-n", place, "-f", "-", text_input=POD)
    for _ in range(5):
        assert installed.terminator().terminate(workspace.id, 2) == Waiting()
    assert exists(installed, "persistentvolumeclaim", "berth-data", place)
    found = installed.cluster.kubectl(
        "get", "namespace", place, "-o", "jsonpath={.metadata.deletionTimestamp}"
    )
    assert found.stdout == ""
    installed.cluster.kubectl(
        "delete", "pod", "lingering", "-n", place, "--force", "--grace-period=0"
    )
    finish(installed, workspace, eventually)
