"""Changes of the desired state. Each accepted one is a new generation; a repeated wish is none."""

from dataclasses import replace

from chalicelib.domain.errors import Clash
from chalicelib.domain.workspaces.states import EFFECTS, ActualState, DesiredState
from chalicelib.domain.workspaces.workspace import WorkspaceState

LEAP = 2**20
"""More generations than were ever made between a backup and its restore."""


def requested(workspace_id: str, *, secrets_digest: str, now: float, epoch: int) -> WorkspaceState:
    """Return the first state of a workspace: wanted running, and nothing done yet.

    ``epoch`` is that of its agent's last restore from a backup: the workspace is no part of it.
    """
    return WorkspaceState(
        workspace_id=workspace_id,
        version=1,
        desired=DesiredState.RUNNING,
        actual=ActualState.CREATION_REQUESTED,
        generation=1,
        acknowledged=0,
        desired_at=now,
        actual_at=now,
        started_at=now,
        secrets_digest=secrets_digest,
        epoch=epoch,
    )


def want(state: WorkspaceState, desired: DesiredState, now: float) -> WorkspaceState | None:
    """Return the state with the wish accepted, or None when it is already wished and not withheld.

    Raises Clash once the workspace is to be terminated (nothing brings it back), and while it moves,
    when it can only be terminated or its move be called off.
    """
    is_moving = state.desired is DesiredState.MOVE_REQUESTED
    if is_moving and desired is not DesiredState.TERMINATED:
        message = "The workspace is being moved to another agent; wait, or call the move off."
        raise Clash("workspace-moving", message)
    if desired is state.desired and not state.withheld:
        return None
    if state.desired is DesiredState.TERMINATED:
        message = "The workspace is terminated or about to be; create another one."
        raise Clash("workspace-terminated", message)
    return replace(intend(state, desired, now), withheld=False)


def called_off(state: WorkspaceState, then: DesiredState, now: float) -> WorkspaceState:
    """Return the state of a workspace that stays where it is: a removal that began there is over or
    will be, and binds nobody any more."""
    after = intend(state, then, now)
    return replace(after, stay=after.generation, withheld=False)


def placed(state: WorkspaceState, then: DesiredState, now: float, *, epoch: int) -> WorkspaceState:
    """Return the state of a workspace as its next agent has it: wanted, and nothing there.

    ``epoch`` is that of the agent's last restore from a backup, 0 where the move itself is of one.
    """
    return replace(
        called_off(state, then, now).with_nothing_live(),
        actual=ActualState.CREATION_REQUESTED,
        actual_at=now,
        reason=None,
        epoch=epoch,
        resource_version=0,
    )


def restarted(state: WorkspaceState, now: float) -> WorkspaceState:
    """Return the state after what a wish was waiting for was reached (see ``EFFECTS``)."""
    then = EFFECTS[state.desired].then
    return state if then is None else intend(state, then, now)


def intend(state: WorkspaceState, desired: DesiredState, now: float) -> WorkspaceState:
    """Return the state with a new generation of intent."""
    return replace(
        state,
        desired=desired,
        generation=state.generation + (LEAP if state.leaps else 1),
        leaps=False,
        desired_at=now,
        started_at=now if desired is DesiredState.RUNNING else None,
    )
