"""Reports in short: what a target reads from the facts of one workspace at a generation."""

from dataclasses import replace

from chalicelib.domain.workspaces.decide import Sighting
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.domain.workspaces.workspace import Reason, WorkspaceState

NOW = 1_900_000_000.0
BAD_IMAGE = Reason("ImageNotFound", "The image does not exist.")
REFUSED = Reason("Refused", "The API server refuses the Deployment.")


def state(
    desired: DesiredState,
    actual: ActualState,
    generation: int = 1,
    acknowledged: int = 0,
    *,
    live: int | None = None,
) -> WorkspaceState:
    """A stored state; what lives is what was acknowledged unless said otherwise."""
    return WorkspaceState(
        workspace_id="ws-0123456789ab",
        version=1,
        desired=desired,
        actual=actual,
        generation=generation,
        acknowledged=acknowledged,
        desired_at=NOW,
        actual_at=NOW,
        live_generation=acknowledged if live is None else live,
        epoch=1,
        resource_version=10,
    )


def seen(
    actual: ActualState,
    generation: int = 0,
    *,
    tombstone: int | None = None,
    absent: bool = False,
    resource_version: int = 20,
    epoch: int = 1,
    secrets_digest: str = "",
) -> Sighting:
    """A report of what lives."""
    reasons = {ActualState.FAILED: BAD_IMAGE, ActualState.ERROR: REFUSED}
    return Sighting(
        epoch=epoch,
        resource_version=resource_version,
        generation=generation,
        absent=absent,
        actual=actual,
        reason=reasons.get(actual),
        tombstone=tombstone,
        secrets_digest=secrets_digest,
    )


def absent() -> Sighting:
    """Nothing is there, and no tombstone."""
    return seen(ActualState.UNKNOWN, absent=True)


def again(report: Sighting) -> Sighting:
    """The same as the first report after the store was restored from a backup."""
    return replace(report, after_restore=True)


def refused() -> Sighting:
    """The very first apply was refused: nothing is there, and the reason is known."""
    return seen(ActualState.ERROR, absent=True)


def ending(generation: int) -> Sighting:
    """The tombstone is written, the namespace is going."""
    return seen(ActualState.TERMINATING, generation, tombstone=generation)


def buried(generation: int) -> Sighting:
    """Nothing but the tombstone is left."""
    return seen(ActualState.TERMINATED, generation, tombstone=generation, absent=True)
