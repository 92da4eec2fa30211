"""Commands: the components they run in, and the commands that a composite is made of."""

from collections import defaultdict
from graphlib import CycleError, TopologicalSorter

from chalicelib.devfile.document import View
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review
from chalicelib.devfile.rules.environment import check_environment

_RUN_IN_CONTAINER = ("container",)
_APPLICABLE = ("container", "kubernetes", "openshift", "image")

KINDS = ("exec", "apply", "composite")


def check(root: View, review: Review) -> None:
    """Report references that lead nowhere, cycles, and groups with several defaults."""
    components = {component.text("name"): component for component in root.items("components")}
    for command in root.items("commands"):
        _check_component(command.member("exec"), components, _RUN_IN_CONTAINER, review)
        _check_component(command.member("apply"), components, _APPLICABLE, review)
        check_environment(command.member("exec"), review)
    _check_composites(root, review)
    _check_groups(root, review)


def by_id(root: View) -> dict[str, View]:
    """The commands by their ids in lower case, which is how references find them; the first of equal ids."""
    return {command.text("id").lower(): command for command in reversed(root.items("commands"))}


def references(command: View) -> tuple[str, ...]:
    """The ids that a composite names, in lower case."""
    return tuple(identifier.lower() for identifier in command.member("composite").texts("commands"))


def _check_component(
    action: View, components: dict[str, View], kinds: tuple[str, ...], review: Review
) -> None:
    name = action.text("component")
    if not name:
        return
    known = components.get(name)
    if known is None or not any(known.has(kind) for kind in kinds):
        what = "no container" if known is None else "not a container, but another component"
        message = f"{quoted(name)} is {what}; name a container component."
        review.problem("command-component", action.member("component").path, message)


def _check_composites(root: View, review: Review) -> None:
    commands = by_id(root)
    graph: dict[str, set[str]] = {}
    for identifier, command in commands.items():
        graph[identifier] = set(references(command))
        for entry in command.member("composite").items("commands"):
            _check_entry(entry, identifier, commands, review)
    for chain in _cycles({name: targets - {name} for name, targets in graph.items()}):
        first = commands[chain[0]]
        message = f"These commands call each other in a circle: {' → '.join(chain[:12])}; remove one of the calls."
        review.problem("composite-cycle", first.path, message)


def _check_entry(entry: View, owner: str, commands: dict[str, View], review: Review) -> None:
    if not isinstance(entry.value, str):
        return
    if entry.value.lower() == owner:
        review.problem(
            "composite-self",
            entry.path,
            f"The command {quoted(entry.value)} calls itself; remove that.",
        )
    elif entry.value.lower() not in commands:
        message = f"There is no command {quoted(entry.value)}; name one that is in `commands`."
        review.problem("composite-unknown", entry.path, message)


def _cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """One cycle of each group of commands that call each other; the graph is taken apart."""
    found: list[list[str]] = []
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as fault:
            chain: list[str] = list(reversed(fault.args[1]))
            found.append(chain)
            for name in chain:
                graph.pop(name, None)
        else:
            return found


def _check_groups(root: View, review: Review) -> None:
    groups: dict[str, list[View]] = defaultdict(list)
    for command in root.items("commands"):
        for kind in KINDS:
            group = command.member(kind).member("group")
            if group.text("kind"):
                groups[group.text("kind")].append(group)
    for kind, members in groups.items():
        defaults = [group for group in members if group.flag("isDefault")]
        for group in defaults[1:]:
            message = f"The group {quoted(kind)} has a default command already; keep one `isDefault: true`."
            review.problem("group-many-defaults", group.member("isDefault").path, message)
        if len(members) > 1 and not defaults:
            message = f"No command of the group {quoted(kind)} is its default; mark one with `isDefault: true`."
            review.notice("group-no-default", members[0].path, message)
