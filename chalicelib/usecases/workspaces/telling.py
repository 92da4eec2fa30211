"""Telling what happens to a workspace: events for its owner."""

from dataclasses import dataclass

from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.ports.bundle import Ports
from chalicelib.records.events import Event
from chalicelib.usecases.access.mint import new_id

BERTH = "berth"
"""The actor where Berth acts by itself."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and in which organisation. ``id`` is a user's, an agent's, or ``BERTH``."""

    organisation_id: str
    id: str


def event(ports: Ports, state: WorkspaceState, *, kind: str, message: str, actor: str) -> Event:
    """Return an event of now about the state as it is after what happened."""
    return Event(
        id=new_id(ports, "evt"),
        at=ports.clock.now(),
        kind=kind,
        message=message,
        actor=actor,
        generation=state.generation,
        desired=state.desired.value,
        actual=state.actual.value,
    )
