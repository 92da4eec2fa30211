"""The proxy redeems tickets, and asks again about those whom it let in."""

import hashlib
import hmac
from base64 import urlsafe_b64encode

from chalicelib.domain.access.admission import Admission
from chalicelib.domain.agents.agent import Agent
from chalicelib.ports.bundle import Ports
from chalicelib.ports.signing import Claims, Purpose, SignatureRefused
from chalicelib.ports.store import ConditionFailed, Item, Key, Put
from chalicelib.records import admissions, keys, people, states, workspaces
from chalicelib.usecases.access.enter import is_open_to, nothing_here
from chalicelib.usecases.audit.write import audit
from chalicelib.usecases.workspaces.telling import Actor
from chalicelib.wire import admission as wire


def redeem(ports: Ports, agent: Agent, request: wire.RedeemRequest) -> wire.Admission:
    """Take a ticket once, from the browser, host and agent that it was made for. Raises Missing."""
    claims = _verified(ports, agent, request)
    admission = Admission(
        id=str(claims["admission"]),
        organisation_id=agent.organisation_id,
        agent_id=agent.id,
        workspace_id=str(claims["workspace"]),
        user_id=str(claims["sub"]),
        session_id=str(claims["session"]),
        port=int(claims["port"]),
        expires_at=float(claims["until"]),
    )
    if not _holding(ports, agent, [admission]):
        raise nothing_here()
    try:
        ports.store.transact(
            [
                admissions.use_up(Purpose.TICKET, str(claims["jti"]), int(claims["exp"])),
                admissions.put_new(admission),
                *_told(ports, admission),
            ]
        )
    except ConditionFailed as error:
        raise nothing_here() from error
    return wire.Admission(
        admission_id=admission.id,
        workspace_id=admission.workspace_id,
        port=admission.port,
        host=request.host,
        path=str(claims["path"]),
        expires=int(admission.expires_at),
    )


def _told(ports: Ports, admission: Admission) -> list[Put]:
    """An entry is a subject of its own: people open several endpoints of a workspace at once."""
    actor = Actor(admission.organisation_id, admission.user_id)
    detail = f"{admission.workspace_id} port {admission.port}"
    return audit(ports, actor, "workspaces:enter", admission.id, detail=detail, is_new=True)


def recheck(ports: Ports, agent: Agent, request: wire.RecheckRequest) -> wire.RecheckResponse:
    """Return which admissions hold no longer: signed out, removed, workspace gone, unknown."""
    found = admissions.load_many(ports.store, agent.organisation_id, request.admission_ids)
    held = {each.id: each for each in found.values() if each.agent_id == agent.id}
    holding = _holding(ports, agent, list(held.values()))
    ended = [each for each in dict.fromkeys(request.admission_ids) if each not in holding]
    return wire.RecheckResponse(ended=tuple(ended))


def _verified(ports: Ports, agent: Agent, request: wire.RedeemRequest) -> Claims:
    try:
        claims = ports.signer.verify(Purpose.TICKET, request.ticket, audience=request.host)
    except SignatureRefused as error:
        raise nothing_here() from error
    shown = urlsafe_b64encode(hashlib.sha256(request.verifier.encode()).digest()).rstrip(b"=")
    same_browser = hmac.compare_digest(str(claims["challenge"]).encode(), shown)
    same_agent = (claims["org"], claims["agent"]) == (agent.organisation_id, agent.id)
    if not same_browser or not same_agent:
        raise nothing_here()
    return claims


def _holding(ports: Ports, agent: Agent, asked: list[Admission]) -> set[str]:
    """Return which hold: by their session, their person, and what the workspace is now.

    A session that is idle here is not idle there, so only its end and its longest life count.
    """
    org = agent.organisation_id
    found = admissions.get_all(
        ports.store,
        [
            key
            for each in asked
            for key in (
                keys.session(org, each.session_id),
                keys.member(org, each.user_id),
                keys.workspace(org, each.workspace_id),
                keys.state(org, agent.id, each.workspace_id),
            )
        ],
    )
    return {each.id for each in asked if _holds(found, each)}


def _holds(found: dict[Key, Item], admission: Admission) -> bool:
    org = admission.organisation_id
    session = found.get(keys.session(org, admission.session_id))
    member = found.get(keys.member(org, admission.user_id))
    workspace = found.get(keys.workspace(org, admission.workspace_id))
    state = found.get(keys.state(org, admission.agent_id, admission.workspace_id))
    if session is None or member is None or workspace is None or state is None:
        return False
    person = people.from_item(member, org)
    return person.removed_at is None and is_open_to(
        people.person_of(person),
        workspaces.from_item(workspace, org),
        states.from_item(state),
        admission.port,
    )
