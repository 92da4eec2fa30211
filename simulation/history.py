"""What happened in one simulation, as far as the verdict needs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf

from chalicelib.domain.workspaces.workspace import WorkspaceState


@dataclass(frozen=True, slots=True)
class Intent:
    """A wish whose acceptance a person was told of: asked and answered at these virtual times."""

    workspace_id: str
    desired: str
    generation: int
    asked_at: float
    answered_at: float


@dataclass(frozen=True, slots=True)
class Commit:
    """A state that was written. ``writer``: ``person``, ``agent`` or ``sweep``."""

    at: float
    writer: str
    state: WorkspaceState


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that did not hold."""

    rule: str
    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    """How many commits there were at a time, by workspace."""

    at: float
    commits: Mapping[str, int]


@dataclass(slots=True)
class History:
    """Written by the models and the watchers, read by the verdict."""

    now: Callable[[], float]
    violations: list[Violation] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)
    """The "sometimes": what has to happen now and then, or the simulation tests nothing."""
    intents: list[Intent] = field(default_factory=list)
    commits: dict[str, list[Commit]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    """Workspace by idempotency key."""
    canaries: dict[str, str] = field(default_factory=dict)
    """Idempotency key by the secret value that was sent with it."""
    story: list[str] = field(default_factory=list)
    _lost_from: float = inf
    _lost_until: float = 0.0
    """What was accepted between these times is lost: the store was set back."""

    def broken(self, rule: str, words: str) -> None:
        """A rule did not hold."""
        self.violations.append(Violation(rule, self.now(), words))
        self.tell(f"VIOLATION {rule}: {words}")

    def sometimes(self, what: str) -> None:
        """Something rare was reached."""
        self.reached[what] += 1

    def accepted(self, intent: Intent) -> None:
        """A person was told that a wish is accepted."""
        self.intents.append(intent)

    def lost(self) -> Iterator[Intent]:
        """Yield the wishes that were accepted and are not in what was written."""
        for intent in self.intents:
            commits = self.commits.get(intent.workspace_id, ())
            is_kept = any(commit.state.generation == intent.generation for commit in commits)
            is_forgiven = (
                intent.answered_at > self._lost_from and intent.asked_at < self._lost_until
            )
            if not is_kept and not is_forgiven:
                yield intent

    def mark(self) -> Mark:
        """Return how far things have come."""
        return Mark(self.now(), {name: len(commits) for name, commits in self.commits.items()})

    def rewind(self, mark: Mark) -> None:
        """Forget what was written since."""
        for name, commits in self.commits.items():
            del commits[mark.commits.get(name, 0) :]
        self.owners = {key: name for key, name in self.owners.items() if self.commits.get(name)}
        self._lost_from, self._lost_until = mark.at, self.now()

    def canary(self, key: str) -> str:
        """Return a secret value that is known again wherever it turns up."""
        value = f"canary-of-{key}"
        self.canaries[value] = key
        return value

    def belongs(self, key: str, workspace_id: str) -> None:
        """A creation with this key was answered with this workspace."""
        before = self.owners.setdefault(key, workspace_id)
        if before != workspace_id:
            self.broken("INV-18", f"key {key} made {before} and {workspace_id}")

    def tell(self, words: str) -> None:
        """Add a line to the story."""
        self.story.append(f"{self.now():9.3f} {words}")
