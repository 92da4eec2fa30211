"""Which credential a request shows, and that no other site made the browser send it."""

import hashlib
from math import ceil

from chalicelib.api.requests import SAFE_METHODS, Incoming
from chalicelib.domain.access.roles import Person
from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.errors import Forbidden, TooMany, Unauthenticated
from chalicelib.log import note
from chalicelib.ports.bundle import Ports
from chalicelib.usecases.access.authenticate import (
    agent_of_proxy_token,
    agent_of_token,
    person_of_session,
    person_of_token,
)

SESSION_COOKIE = "__Host-berth-session"
CSRF_HEADER = "x-berth-csrf"


def person_of(incoming: Incoming, ports: Ports, *, session_only: bool = False) -> Person:
    """Return who is asking. Raises Unauthenticated, or Forbidden where another site may be behind it."""
    if not session_only and "authorization" in incoming.headers:
        return _noted(person_of_token(ports, _bearer(incoming)))
    cookie = incoming.cookie(SESSION_COOKIE)
    if not cookie:
        raise Unauthenticated(
            "no-credential",
            "Sign in, or send a personal token: Authorization: Bearer berth_pat_...",
        )
    person = _noted(person_of_session(ports, cookie))
    refuse_other_sites(incoming, ports)
    return person


def agent_of(incoming: Incoming, ports: Ports, *, proxy: bool) -> Agent:
    """Return the agent that is asking, or whose proxy is. Raises TooMany where an agent calls too often:
    by the token that it shows, so that nobody can use up another's calls, and before anything is read."""
    token = _bearer(incoming)
    if not proxy:
        _keep_pace(ports, token)
    agent = agent_of_proxy_token(ports, token) if proxy else agent_of_token(ports, token)
    note(organisation_id=agent.organisation_id, agent_id=agent.id)
    return agent


def _noted(person: Person) -> Person:
    note(organisation_id=person.organisation_id, user_id=person.id)
    return person


def _keep_pace(ports: Ports, token: str) -> None:
    wait = ports.pace.wait(hashlib.sha256(token.encode()).digest())
    if wait > 0:
        message = "The agent calls too often. Wait as long as Retry-After says."
        raise TooMany("too-often", message, seconds=ceil(wait))


def refuse_other_sites(incoming: Incoming, ports: Ports) -> None:
    """Let an unsafe request of a browser's session pass only if a page of ours sent it.

    All of it must hold: JSON's content type, a header that other sites cannot send unasked, our own
    origin, and the browser's word on it where it gives one.
    """
    if incoming.method in SAFE_METHODS:
        return
    incoming.require_json()
    headers = incoming.headers
    if (
        headers.get(CSRF_HEADER) != "1"
        or headers.get("origin") != ports.site.public_url
        or headers.get("sec-fetch-site", "same-origin") != "same-origin"
    ):
        raise Forbidden(
            "cross-site", "A request with a session must come from a page of this site."
        )


def _bearer(incoming: Incoming) -> str:
    scheme, _, token = incoming.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("no-credential", "Send a token: Authorization: Bearer berth_...")
    return token.strip()
