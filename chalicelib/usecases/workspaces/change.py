"""Changing what a person wants of a workspace: run, stop, restart, terminate."""

from chalicelib.domain.access.roles import Action, Person
from chalicelib.domain.errors import Clash
from chalicelib.domain.workspaces.states import DesiredState
from chalicelib.domain.workspaces.wording import wish_words
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed
from chalicelib.records import agents, organisations
from chalicelib.records.placement import placement_of
from chalicelib.usecases.workspaces.read import WorkspaceView, find_workspace, view
from chalicelib.usecases.workspaces.wish import Wish, make_wish

_ATTEMPTS = 5

_VERBS = {
    DesiredState.RUNNING: "start",
    DesiredState.STOPPED: "stop",
    DesiredState.RESTART_REQUESTED: "restart",
    DesiredState.TERMINATED: "terminate",
}


def change_workspace(
    ports: Ports, person: Person, workspace_id: str, desired: DesiredState
) -> WorkspaceView:
    """Accept a wish and return the workspace after it; what is wished already changes nothing.

    Raises Missing, Forbidden, or Clash: the workspace is to be terminated, or its agent is drained.
    """
    wish = Wish(desired, person.id, wish_words(desired), _VERBS[desired])
    for _ in range(_ATTEMPTS):
        try:
            return _change(ports, person, workspace_id, wish)
        except ConditionFailed as error:
            refuse_start(ports, person.organisation_id, error)
            continue  # a report came in between: look again
    raise Clash("workspace-busy", "The workspace changed at the same moment; try again.")


def terminate_workspace(ports: Ports, person: Person, workspace_id: str) -> WorkspaceView:
    """Want everything of the workspace removed, its volume too. There is no way back."""
    return change_workspace(ports, person, workspace_id, DesiredState.TERMINATED)


def refuse_start(ports: Ports, organisation_id: str, failed: ConditionFailed) -> None:
    """Raise Clash where a wish failed because its agent is being drained."""
    agent = agents.load_by(ports.store, organisation_id, failed.key)
    if agent is not None and agent.draining:
        message = (
            f"The agent {agent.name} is being drained: nothing is started there. Move the workspace"
            " to another agent, or ask an owner to uncordon this one."
        )
        raise Clash("agent-draining", message) from failed


def _change(ports: Ports, person: Person, workspace_id: str, wish: Wish) -> WorkspaceView:
    workspace, state = find_workspace(ports, person, Action.WORKSPACES_CHANGE, workspace_id)
    settings = organisations.load(ports.store, workspace.organisation_id).settings
    after: WorkspaceState = make_wish(ports, settings, placement_of(workspace), state, wish)
    return view(ports, workspace, after)
