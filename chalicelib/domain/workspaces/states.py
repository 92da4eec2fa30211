"""Desired and actual states, and what each desired state means, as one table."""

from dataclasses import dataclass
from enum import StrEnum


class DesiredState(StrEnum):
    """What the user wants."""

    RUNNING = "Running"
    STOPPED = "Stopped"
    TERMINATED = "Terminated"
    RESTART_REQUESTED = "RestartRequested"
    MOVE_REQUESTED = "MoveRequested"


class ActualState(StrEnum):
    """What is. Any of them may be skipped."""

    CREATION_REQUESTED = "CreationRequested"
    STARTING = "Starting"
    RUNNING = "Running"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    FAILED = "Failed"
    """Applied, but not ready, with a reason."""
    ERROR = "Error"
    """Could not be applied, with a reason."""
    TERMINATING = "Terminating"
    TERMINATED = "Terminated"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a desired state does to the cluster and when it is reached.

    ``replicas`` is None where everything is to be removed. Once ``reached`` was observed for the
    generation that asked for it, ``then`` (where there is one) becomes the desired state.
    """

    replicas: int | None
    reached: ActualState
    then: DesiredState | None = None


EFFECTS: dict[DesiredState, Effect] = {
    DesiredState.RUNNING: Effect(1, ActualState.RUNNING),
    DesiredState.STOPPED: Effect(0, ActualState.STOPPED),
    DesiredState.TERMINATED: Effect(None, ActualState.TERMINATED),
    # Reached, the workspace goes to another agent, with what was wanted of it before.
    DesiredState.MOVE_REQUESTED: Effect(None, ActualState.TERMINATED),
    DesiredState.RESTART_REQUESTED: Effect(0, ActualState.STOPPED, then=DesiredState.RUNNING),
}
