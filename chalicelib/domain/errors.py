"""What Berth refuses. The HTTP layer translates each kind once; nothing else does.

Refused
├── Invalid        400/422: the request is wrong; carries every problem at once
├── Unauthenticated 401: who is asking is unknown
├── Forbidden      403: known, and not allowed (only where the thing's existence is no secret)
├── Missing        404: absent, or another's: the two are told apart nowhere
├── Clash          409: the state of things does not allow it, or it changed meanwhile
├── TooMany        429: a quota or a rate is used up
└── Unavailable    503: something Berth depends on did not answer
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. ``pointer`` is where in the request (RFC 6901), ``line`` and
    ``column`` (from 1) where in a devfile."""

    code: str
    message: str
    pointer: str = ""
    line: int | None = None
    column: int | None = None


class Refused(Exception):
    """Base of all expected refusals. ``code`` is stable and for programs, the message for people."""

    def __init__(self, code: str, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.problems = tuple(problems)


class Invalid(Refused):
    """The request is wrong."""


class Unauthenticated(Refused):
    """Nobody known is asking."""


class Forbidden(Refused):
    """The person may not do this."""


class Missing(Refused):
    """There is no such thing, or it is another's."""


class Clash(Refused):
    """The thing's state does not allow it."""


class TooMany(Refused):
    """A quota or rate is used up. ``seconds``: after which to try again, where that is known."""

    def __init__(self, code: str, message: str, *, seconds: int | None = None) -> None:
        super().__init__(code, message)
        self.seconds = seconds


class Unavailable(Refused):
    """A part that is needed did not answer."""
