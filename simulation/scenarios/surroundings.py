"""Scripts of what comes from elsewhere: administrators, quotas, time, the API server."""

from __future__ import annotations

from berth_kube import kinds
from simulation.scenarios.table import HOUR, scenario
from simulation.stage import Stage


@scenario()
def longest_run(stage: Stage) -> None:
    """The sweep stops what has run too long."""
    workspace = stage.running()
    stage.office.change_organisation(longest_run_seconds=60)
    stage.begin()
    stage.time_passes(HOUR)
    stage.becomes(workspace, "Stopped")


@scenario()
def deployment_deleted_by_hand(stage: Stage) -> None:
    """An administrator deletes the Deployment of a running workspace."""
    stage.running()
    stage.begin()
    stage.cluster.by_hand(lambda hand: hand.delete_deployment())


@scenario()
def scaled_by_hand(stage: Stage) -> None:
    """An administrator scales the Deployment of a running workspace, again and again."""
    stage.running()
    stage.begin()
    for _ in range(3):
        stage.cluster.by_hand(lambda hand: hand.scale())
        stage.pause(0.5)


@scenario()
def scaled_up_by_hand_while_it_stops(stage: Stage) -> None:
    """An administrator scales a Deployment up again while the pod that was stopped still ends."""
    workspace = stage.running()
    stage.begin()
    stage.cluster.slow_to_stop(10.0)
    stage.want(workspace, "Stopped")
    stage.until_applied(workspace, 2)
    stage.cluster.by_hand(lambda hand: hand.scale(1))


@scenario()
def relabelled_by_hand(stage: Stage) -> None:
    """An administrator changes the labels of a Deployment that is to be stopped."""
    workspace = stage.running()
    stage.begin()
    stage.cluster.by_hand(lambda hand: hand.relabel())
    stage.want(workspace, "Stopped")


@scenario()
def pod_deleted_by_hand(stage: Stage) -> None:
    """An administrator deletes the pod of a running workspace."""
    stage.running()
    stage.begin()
    stage.cluster.by_hand(lambda hand: hand.delete_pod())


@scenario()
def api_server_fails_for_a_while(stage: Stage) -> None:
    """The cluster takes no Deployment, and then it does."""
    stage.cluster.fail(kinds.DEPLOYMENT)
    stage.begin()
    workspace = stage.create()
    stage.until_is(workspace, "Error")
    stage.cluster.fail(None)


@scenario()
def history_compacted(stage: Stage) -> None:
    """The cluster forgets its history while a workspace is stopped."""
    workspace = stage.running()
    stage.begin()
    stage.want(workspace, "Stopped")
    stage.cluster.forget()


@scenario(quota_per_user=1)
def quota_refused_then_room(stage: Stage) -> None:
    """A second workspace is refused until the first one has ended."""
    workspace = stage.running("1")
    stage.begin()
    stage.create("2")
    stage.want(workspace, "Terminated")
    stage.until_is(workspace, "Terminated")
    stage.create("3")


@scenario(quota_per_user=1)
def quota_raced(stage: Stage) -> None:
    """Two creations race for the last place: one of them wins, whoever dies."""
    stage.begin()
    stage.meanwhile(lambda: stage.create("1"))
    stage.create("2")
