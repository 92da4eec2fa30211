"""What a workspace's timeline says, in words for people."""

from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.domain.workspaces.workspace import WorkspaceState

_WISHES = {
    DesiredState.RUNNING: "Asked to run.",
    DesiredState.STOPPED: "Asked to stop.",
    DesiredState.RESTART_REQUESTED: "Asked to restart.",
    DesiredState.MOVE_REQUESTED: "Asked to move: its volume will be deleted.",
    DesiredState.TERMINATED: "Asked to terminate: its volume will be deleted.",
}

_SIGHTS = {
    ActualState.CREATION_REQUESTED: "Not created yet.",
    ActualState.STARTING: "Starting.",
    ActualState.RUNNING: "Running.",
    ActualState.STOPPING: "Stopping.",
    ActualState.STOPPED: "Stopped; its volume is kept.",
    ActualState.FAILED: "Applied, but not ready.",
    ActualState.ERROR: "Could not be applied.",
    ActualState.TERMINATING: "Terminating.",
    ActualState.TERMINATED: "Terminated: nothing of it is left.",
    ActualState.UNKNOWN: "Its state is not known.",
}

CREATED = "Created."
RESTORED = "Berth was restored from a backup: what is wanted was brought in line with the cluster."
CALLED_OFF = "The move is called off; what its agent removed already is made anew there."
MOVED = "Given up by its agent, and moved: another agent makes it anew, with an empty volume."
NOT_TAKEN = (
    "The agent that it was to move to cannot take it any more: it is made anew where it was."
)
RESTARTED = "Stopped for the restart; asked to run again."


def wish_words(desired: DesiredState) -> str:
    """Return what was asked for."""
    return _WISHES[desired]


def sight_words(state: WorkspaceState) -> str:
    """Return what was seen, with the reason where there is one."""
    seen = _SIGHTS[state.actual]
    return seen if state.reason is None else f"{seen} {state.reason.message}"
