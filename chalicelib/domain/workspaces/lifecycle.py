"""What time does to a workspace, whether or not its agent is heard."""

from dataclasses import dataclass

from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.domain.workspaces.decide import is_under_way
from chalicelib.domain.workspaces.states import DesiredState
from chalicelib.domain.workspaces.workspace import WorkspaceState

LOOK_EVERY = 3600.0
"""Seconds. The sweep looks at each workspace at least so often, since settings change and owners
leave."""

LOOK_SOON = 310.0
"""Seconds. So soon it looks at one that is under way: what does not start in time has failed, and a
cluster with nothing new to say sends no report."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the desired state that nobody asked for, and why. ``cause`` is for programs."""

    desired: DesiredState
    cause: str
    message: str


def due_change(state: WorkspaceState, settings: OrganisationSettings, now: float) -> Change | None:
    """Return the change that is due, if one is."""
    ends = _run_ends(state, settings)
    if ends is None or now < ends:
        return None
    return Change(
        DesiredState.STOPPED,
        "longest-run",
        f"Stopped after {_duration(settings.longest_run_seconds)}, the longest run that the"
        " organisation allows. Nothing is lost; start it again when you need it.",
    )


def next_look(state: WorkspaceState, settings: OrganisationSettings, now: float) -> float:
    """Return when the sweep has to look at the workspace next."""
    ends = _run_ends(state, settings)
    latest = now + (LOOK_SOON if is_under_way(state) else LOOK_EVERY)
    return latest if ends is None else min(latest, max(ends, now))


def _run_ends(state: WorkspaceState, settings: OrganisationSettings) -> float | None:
    running = state.desired is DesiredState.RUNNING and not state.withheld
    if not running or state.started_at is None or settings.longest_run_seconds == 0:
        return None
    return state.started_at + settings.longest_run_seconds


def _duration(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)
