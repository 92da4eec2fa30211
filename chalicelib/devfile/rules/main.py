"""Which container gets the editor."""

from chalicelib.devfile.document import View
from chalicelib.devfile.review import Review
from chalicelib.devfile.rules.commands import by_id, references
from chalicelib.devfile.support import MAIN_ATTRIBUTE, MAIN_ATTRIBUTES


def check(root: View, review: Review) -> None:
    """Report that no container can get the editor, or that several ask for it."""
    containers = [component for component in root.items("components") if component.has("container")]
    marked = [component for component in containers if _is_marked(component)]
    for component in marked[1:]:
        message = f"Another container has `{MAIN_ATTRIBUTE}: true` already; keep one."
        attributes = component.member("attributes")
        key = next(key for key in MAIN_ATTRIBUTES if attributes.flag(key))
        review.problem("main-several", attributes.member(key).path, message)
    if main_component(root) is not None:
        return
    if marked:
        message = f"{marked[0].name} runs only as a preStart event; give `{MAIN_ATTRIBUTE}` to a container that stays."
        review.problem("main-container", marked[0].path, message)
    elif not _lacks_refused_part(root):
        message = "A workspace needs a container component that mounts the sources and is no preStart event."
        review.problem("main-container", ("components",), message)


def _lacks_refused_part(root: View) -> bool:
    """Whether the container may be missing because the part that would bring it was refused."""
    unsupported = ("plugin", "custom")
    return root.has("parent") or any(
        component.has(kind) for component in root.items("components") for kind in unsupported
    )


def main_component(root: View) -> View | None:
    """The container that is marked, else the first that mounts the sources; one that keeps running."""
    init = _init_containers(root)
    stays = [
        c for c in root.items("components") if c.has("container") and c.text("name") not in init
    ]
    marked = [c for c in root.items("components") if c.has("container") and _is_marked(c)]
    candidates = marked or [
        c for c in stays if c.member("container").flag("mountSources", default=True)
    ]
    return next((c for c in candidates if c in stays), None)


def _is_marked(component: View) -> bool:
    return any(component.member("attributes").flag(key) for key in MAIN_ATTRIBUTES)


def _init_containers(root: View) -> set[str]:
    """The containers that preStart applies and no command runs in."""
    commands = by_id(root)
    pending = [identifier.lower() for identifier in root.member("events").texts("preStart")]
    seen: set[str] = set()
    while pending:
        identifier = pending.pop()
        if identifier in commands and identifier not in seen:
            seen.add(identifier)
            pending.extend(references(commands[identifier]))
    used = {command.member("exec").text("component") for command in commands.values()}
    return {commands[identifier].member("apply").text("component") for identifier in seen} - used
