"""A request that was let in, as a handler sees it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from chalice.app import Response

from chalicelib.api.auth import person_of
from chalicelib.api.requests import Incoming
from chalicelib.api.responses import redirect
from chalicelib.domain.access.roles import Person
from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.errors import Invalid, Problem, Unauthenticated
from chalicelib.ports.bundle import Ports
from chalicelib.ports.metrics import Metric
from chalicelib.records.idempotency import KEPT_SECONDS, Attempt

BUDGET_SECONDS = 20.0
"""For one call; Lambda ends it after 25."""

_LONGEST_KEY = 128


@dataclass(frozen=True, slots=True)
class Call:
    """The request, the ports, and who is asking."""

    incoming: Incoming
    ports: Ports
    limit: int
    until: float
    """When it has to be answered, on the monotonic clock."""
    figures: dict[Metric, float]
    """What is to be counted of it."""
    _person: Person | None = None
    _agent: Agent | None = None

    @property
    def person(self) -> Person:
        """Who is asking, on a route for people."""
        assert self._person is not None, "the route asks for no person"
        return self._person

    @property
    def agent(self) -> Agent:
        """Whose agent or proxy is asking, on a route for them."""
        assert self._agent is not None, "the route asks for no agent"
        return self._agent

    def remaining(self) -> float:
        """Return how many seconds are left for an answer."""
        return self.until - self.ports.clock.monotonic()

    def with_session(self, then: Callable[[Person], Response]) -> Response:
        """Answer for the browser's session; without one, sign in first and come back."""
        try:
            person = person_of(self.incoming, self.ports, session_only=True)
        except Unauthenticated:
            return redirect(f"/sign-in?return={quote(self.incoming.address, safe='')}")
        return then(person)

    @property
    def attempt(self) -> Attempt | None:
        """The ``Idempotency-Key`` with a digest of what is asked for; None where none was sent."""
        key = self.incoming.headers.get("idempotency-key")
        if key is None:
            return None
        if not (0 < len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
            message = f"Idempotency-Key has 1 to {_LONGEST_KEY} printable ASCII characters."
            problem = Problem("idempotency-key", message, "#/headers/Idempotency-Key")
            raise Invalid("idempotency-key", message, [problem])
        asked = f"{self.incoming.method} {self.incoming.path}\0".encode()
        return Attempt(
            organisation_id=self.person.organisation_id,
            user_id=self.person.id,
            key=key,
            request=hashlib.sha256(asked + self.incoming.raw(self.limit)).digest(),
            expires=int(self.ports.clock.now()) + KEPT_SECONDS,
        )
