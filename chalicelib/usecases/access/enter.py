"""Whether a person may use an endpoint, and the one-time ticket that says so to the proxy."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from chalicelib.domain.access.return_path import is_return_path
from chalicelib.domain.access.roles import Action, Person, may
from chalicelib.domain.errors import Invalid, Missing, Problem
from chalicelib.domain.naming import is_id
from chalicelib.domain.workspaces.workspace import Workspace, WorkspaceState
from chalicelib.ports.bundle import Ports
from chalicelib.ports.signing import Claims, Purpose
from chalicelib.records import agents, sessions, states, workspaces
from chalicelib.records.placement import placement_of
from chalicelib.usecases.access.mint import new_id
from chalicelib.wire.admission import ENTER_PATH

_HOST = re.compile(r"([1-9][0-9]{0,4})-(ws-[0-9a-z]{12})\.([-a-z0-9.]{1,200}(:[1-9][0-9]{0,4})?)")
_CHALLENGE = re.compile(r"[-_A-Za-z0-9]{43}")
"""SHA-256 as base64url without padding."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a browser without the proxy's session asks for."""

    host: str
    path: str
    challenge: str


def enter(ports: Ports, person: Person, wish: Wish) -> str:
    """Return the address on the endpoint's host to send the browser to, with a ticket for 30 s.

    Raises Missing whenever there is no such endpoint for this person: absent and forbidden are told
    apart nowhere.
    """
    _check(wish)
    port, workspace = _endpoint(ports, person, wish.host)
    session = sessions.load(ports.store, person.organisation_id, person.session_id)
    if session is None:
        raise nothing_here()
    claims: Claims = {
        "org": person.organisation_id,
        "agent": workspace.agent_id,
        "workspace": workspace.id,
        "port": port,
        "path": wish.path,
        "challenge": wish.challenge,
        "session": session.id,
        "until": int(session.expires_at),
        "admission": new_id(ports, "adm"),
    }
    ticket = ports.signer.sign(Purpose.TICKET, audience=wish.host, subject=person.id, claims=claims)
    return f"https://{wish.host}{ENTER_PATH}?ticket={quote(ticket)}"


def is_open_to(person: Person, workspace: Workspace, state: WorkspaceState, port: int) -> bool:
    """Whether the workspace has the endpoint, is neither to end nor to move, and lets the person in."""
    return (
        any(endpoint.port == port for endpoint in workspace.endpoints)
        and may(person, Action.WORKSPACES_ENTER, owner_id=workspace.owner_id)
        and not state.is_leaving
    )


def nothing_here() -> Missing:
    """Return what strangers are told, and whoever asks for what is not there."""
    return Missing("no-such-endpoint", "There is nothing here for you.")


def _check(wish: Wish) -> None:
    if _CHALLENGE.fullmatch(wish.challenge) is None or not is_return_path(wish.path):
        message = "The proxy's question is malformed."
        raise Invalid("enter-malformed", message, [Problem("enter-malformed", message, "#/query")])


def _endpoint(ports: Ports, person: Person, host: str) -> tuple[int, Workspace]:
    matched = _HOST.fullmatch(host)
    if matched is None or not is_id("ws", matched[2]):
        raise nothing_here()
    port, workspace_id, zone = int(matched[1]), matched[2], matched[3]
    workspace = workspaces.load(ports.store, person.organisation_id, workspace_id)
    if workspace is None:
        raise nothing_here()
    state = states.load(ports.store, placement_of(workspace), workspace_id)
    if state is None or not is_open_to(person, workspace, state, port):
        raise nothing_here()
    agent = agents.load(ports.store, person.organisation_id, workspace.agent_id)
    if agent is None or agent.retired_at is not None or agent.settings.zone != zone:
        raise nothing_here()
    return port, workspace
