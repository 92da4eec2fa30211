"""Events: they name commands, and commands of the right kind."""

from chalicelib.devfile.document import View
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review
from chalicelib.devfile.rules.commands import by_id, references
from chalicelib.devfile.rules.inert import KINDS

RIGHT_KIND = {"preStart": "apply", "postStart": "exec", "preStop": "exec", "postStop": "apply"}

MOST_STEPS = 50
"""Commands that one event may run, composites expanded."""


def check(root: View, review: Review) -> None:
    """Report events that name no command, or a command of the wrong kind at any level."""
    commands = by_id(root)
    inert = {
        component.text("name")
        for component in root.items("components")
        if any(component.has(kind) for kind in KINDS)
    }
    events = root.member("events")
    for event, right in RIGHT_KIND.items():
        steps = 0
        for entry in events.items(event):
            identifier = entry.value.lower() if isinstance(entry.value, str) else ""
            if identifier in commands:
                leaves = _Leaves(commands)
                _check_kind(entry, leaves.kinds(identifier), right, event, review)
                _check_applied(entry, leaves.applied & inert, review)
                _tell_of_parallel(entry, commands[identifier], review)
                steps += leaves.count(identifier)
            elif isinstance(entry.value, str):
                message = (
                    f"There is no command {quoted(entry.value)}; name one that is in `commands`."
                )
                review.problem("event-unknown", entry.path, message)
        if steps > MOST_STEPS:
            message = (
                f"`{event}` runs {min(steps, 10**9)} commands; at most {MOST_STEPS} are allowed."
            )
            review.problem("event-too-long", events.member(event).path, message)


def _check_kind(entry: View, kinds: set[str], right: str, event: str, review: Review) -> None:
    if kinds - {right}:
        wrong = ", ".join(f"`{kind}`" for kind in sorted(kinds - {right}))
        message = f"`{event}` takes `{right}` commands; {quoted(entry.value)} has {wrong}."
        review.problem("event-type", entry.path, message)


def _check_applied(entry: View, applied: set[str], review: Review) -> None:
    """Report what the event would apply and Berth does not: the workspace would start without it."""
    for name in sorted(applied):
        message = (
            f"{quoted(entry.value)} applies {quoted(name)}, which is no container; Berth builds no"
            " images and applies no objects of the devfile's own. Remove it from the event."
        )
        review.problem("unsupported", entry.path, message)


def _tell_of_parallel(entry: View, command: View, review: Review) -> None:
    if command.member("composite").flag("parallel"):
        message = (
            f"{quoted(entry.value)} is parallel; as an event its commands run one after another."
        )
        review.notice("without-effect", entry.path, message)


class _Leaves:
    """What a command comes down to; every command is looked at once, however many ways lead to it."""

    def __init__(self, commands: dict[str, View]) -> None:
        self._commands = commands
        self._counts: dict[str, int] = {}
        self._kinds: set[str] = set()
        self.applied: set[str] = set()
        """The components that are applied on the way; filled by ``kinds`` and ``count``."""

    def kinds(self, identifier: str) -> set[str]:
        """The kinds of the commands that ``identifier`` ends in."""
        self.count(identifier)
        return self._kinds

    def count(self, identifier: str) -> int:
        """How many commands run for ``identifier``; a cycle, which is refused elsewhere, counts nothing."""
        if identifier not in self._counts:
            self._counts[identifier] = 0
            command = self._commands.get(identifier)
            if command and command.has("composite"):
                self._counts[identifier] = sum(self.count(each) for each in references(command))
            elif command:
                self._kinds |= {kind for kind in ("exec", "apply") if command.has(kind)}
                self.applied.add(command.member("apply").text("component"))
                self._counts[identifier] = 1
        return self._counts[identifier]
