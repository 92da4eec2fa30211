"""Whether what Berth needs answers, each asked at the same time, and none for longer than three seconds.

Anybody may ask: so nothing is told but names, states and milliseconds, and a process asks at most four
times a minute, however often it is asked itself.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from chalicelib.log import class_of, log
from chalicelib.ports.bundle import Ports
from chalicelib.records import keys

PATIENCE_SECONDS = 3.0
GOOD_SECONDS = 15.0
"""How long an answer is given again."""
_NOBODY = "ag-000000000000"
_NOTHING = {"organisation": "none", "workspace": "none", "purpose": "readiness"}
"""Contexts of keys name an organisation and a workspace: nothing else may be sealed."""


class Answer(Enum):
    """What became of a question."""

    OK = "ok"
    FAILING = "failing"
    SILENT = "silent"
    """No answer within the three seconds."""
    UNASKED = "unasked"
    """These routes need it not, or their role may not ask without a reason."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """Something that Berth needs. ``milliseconds`` is None where it was not asked, or did not answer."""

    name: str
    answer: Answer
    milliseconds: float | None = None


class Readiness:
    """What was last found out, of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: object = None
        self._at = 0.0
        self._found: tuple[Dependency, ...] = ()

    def look(self, ports: Ports) -> tuple[Dependency, ...]:
        """Return it, asked anew where it is older than a quarter of a minute. Who asks meanwhile waits."""
        with self._lock:
            now = ports.clock.monotonic()
            if self._of is not ports.identity or now - self._at >= GOOD_SECONDS:
                self._found = _asked(ports)
                self._of, self._at = ports.identity, now
            return self._found


def _questions(ports: Ports) -> Mapping[str, Callable[[], object] | None]:
    """Return how each is asked; None: not here."""
    is_of_agents = ports.site.surface == "agents"
    return {
        "store": lambda: ports.store.get(keys.bootstrap()),
        # Agents' functions may open what is there, and seal nothing.
        "keys": None if is_of_agents else lambda: ports.sealer.seal(b"", _NOTHING),
        "waker": lambda: ports.waker.wake(_NOBODY),
        "identity provider": None if is_of_agents else ports.identity.look,
    }


def _asked(ports: Ports) -> tuple[Dependency, ...]:
    asked = [_Question(ports, name, ask) for name, ask in _questions(ports).items()]
    ends = ports.clock.monotonic() + PATIENCE_SECONDS
    return tuple(each.answered_by(ends) for each in asked)


class _Question:
    """Asked on a thread of its own: a client of AWS tries again for longer than we wait."""

    def __init__(self, ports: Ports, name: str, ask: Callable[[], object] | None) -> None:
        self._clock, self._name, self._ask = ports.clock, name, ask
        self._error: Exception | None = None
        self._began = self._ended = self._clock.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"asks {name}", daemon=True)
        if ask is not None:
            self._thread.start()

    def _run(self) -> None:
        assert self._ask is not None, "only what is asked is run"
        try:
            self._ask()
        except Exception as error:  # noqa: BLE001 - whatever it is: it does not answer as it should
            self._error = error
        self._ended = self._clock.monotonic()

    def answered_by(self, ends: float) -> Dependency:
        """Wait until then at most; what failed is in the log with its class."""
        if self._ask is None:
            return Dependency(self._name, Answer.UNASKED)
        self._thread.join(max(0.0, ends - self._clock.monotonic()))
        if self._thread.is_alive():
            log("not-ready", subject=self._name, outcome=Answer.SILENT.value)
            return Dependency(self._name, Answer.SILENT)
        took = round((self._ended - self._began) * 1000, 1)
        if self._error is None:
            return Dependency(self._name, Answer.OK, took)
        error = class_of(self._error)
        log("not-ready", subject=self._name, outcome=Answer.FAILING.value, error=error)
        return Dependency(self._name, Answer.FAILING, took)
