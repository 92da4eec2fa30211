"""Who is asking. Only whose a credential is, is remembered, for that never changes: what was revoked,
ended or removed fails at the next call.

Every failure reads alike, and an unknown id costs what a wrong secret costs.
"""

import hmac
from contextlib import suppress
from dataclasses import replace

from chalicelib.domain.access.credentials import PersonalToken, Session, TokenKind, parse_token
from chalicelib.domain.access.member import Member
from chalicelib.domain.access.roles import Person
from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.naming import is_id
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed, StoreBusy, Update
from chalicelib.records import agents, people, sessions, tokens
from chalicelib.usecases.access.mint import proxy_token

SESSION_IDLE_SECONDS = 3600
SESSION_LONGEST_SECONDS = 8 * 3600
SEEN_EVERY_SECONDS = 60


def person_of_session(ports: Ports, cookie: str) -> Person:
    """Return who the session cookie (``<organisation>.<session>.<secret>``) belongs to."""
    digest = ports.signer.digest(cookie)
    organisation_id, _, rest = cookie.partition(".")
    session_id = rest.partition(".")[0]
    session, holder = None, None
    if is_id("org", organisation_id) and is_id("ses", session_id):
        session, holder = sessions.load_with_holder(
            ports.store, organisation_id, session_id, ports.holders.find(digest)
        )
    if (
        session is None
        or not _same(session.digest, digest)
        or not is_live(session, ports.clock.now())
    ):
        raise _unknown("session")
    person = replace(_person(ports, session, holder), session_id=session.id)
    if ports.clock.now() - session.seen_at > SEEN_EVERY_SECONDS:
        _note(ports, sessions.seen(session, ports.clock.now()))
    return person


def is_live(session: Session, now: float) -> bool:
    """Whether the session has not been idle or alive for too long."""
    return now < session.expires_at and now - session.seen_at < SESSION_IDLE_SECONDS


def person_of_token(ports: Ports, text: str) -> Person:
    """Return whose personal token it is."""
    digest = ports.signer.digest(text)
    parsed = parse_token(text)
    token, holder = None, None
    if parsed is not None and parsed.kind is TokenKind.PERSON:
        token, holder = tokens.load_with_holder(
            ports.store, parsed.organisation_id, parsed.id, ports.holders.find(digest)
        )
    now = ports.clock.now()
    if token is None or not _same(token.digest, digest):
        raise _unknown("token")
    person = replace(_person(ports, token, holder), token_id=token.id)
    if token.used_at is None or now - token.used_at > SEEN_EVERY_SECONDS:
        _note(ports, tokens.used(token, now))
    return person


def agent_of_token(ports: Ports, text: str) -> Agent:
    """Return the agent whose token it is: one read of the store."""
    digest = ports.signer.digest(text)
    agent = _agent(ports, text, TokenKind.AGENT)
    now = ports.clock.now()
    digests = () if agent is None else agent.token_digests
    holding = [held for held, until in digests if until is None or now < until]
    if agent is None or not any(_same(held, digest) for held in holding):
        raise _unknown("token")
    return agent


def agent_of_proxy_token(ports: Ports, text: str) -> Agent:
    """Return the agent whose proxy it is."""
    agent = _agent(ports, text, TokenKind.PROXY)
    if agent is None or not _same(proxy_token(ports.signer, agent).encode(), text.encode()):
        raise _unknown("token")
    return agent


def _agent(ports: Ports, text: str, kind: TokenKind) -> Agent | None:
    parsed = parse_token(text)
    if parsed is None or parsed.kind is not kind:
        return None
    agent = agents.load(ports.store, parsed.organisation_id, parsed.id)
    return None if agent is None or agent.retired_at is not None else agent


def _person(ports: Ports, shown: Session | PersonalToken, holder: Member | None) -> Person:
    """Return whose credential it is; ``holder`` is None where the member has not been read yet."""
    member = holder or people.load(ports.store, shown.organisation_id, shown.user_id)
    if member is None or member.removed_at is not None:
        raise _unknown("session" if isinstance(shown, Session) else "token")
    ports.holders.learn(shown.digest, shown.user_id)
    return people.person_of(member)


def _note(ports: Ports, write: Update) -> None:
    with suppress(StoreBusy):  # The next call notes it.
        try:
            ports.store.write(write)
        except ConditionFailed as error:
            raise _unknown("credential") from error  # Ended in this very moment.


def _same(held: bytes, shown: bytes) -> bool:
    return hmac.compare_digest(held, shown)


def _unknown(what: str) -> Unauthenticated:
    hint = "Sign in again." if what == "session" else "Make a new one, or sign in."
    return Unauthenticated(
        "unknown-credential", f"The {what} is unknown, expired or revoked. {hint}"
    )
