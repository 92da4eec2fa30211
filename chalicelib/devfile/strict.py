"""The strict profile: what GitLab workspaces take of a devfile, as their documentation says.

A devfile that passes runs there and here. These rules come on top of all the others.
"""

import re
from collections.abc import Iterator

from chalicelib.devfile.document import Path, View
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review
from chalicelib.devfile.support import GITLAB_MAIN_ATTRIBUTE

VERSION = "2.2.0"
MAX_VOLUME_NAME = 28
"""GitLab's volumes get a suffix behind their name."""

_RESERVED = re.compile(r"gl[-_]", re.IGNORECASE)
_ROOT_KEYS = ("parent", "projects", "starterProjects", "dependentProjects")
_COMPONENT_KINDS = ("container", "volume")
_COMMAND_KINDS = ("exec", "apply")
_EXEC_KEYS = ("component", "commandLine", "workingDir", "label", "hotReloadCapable")
_EVENTS = ("preStart", "postStart")
_OVERRIDES = ("pod-overrides", "container-overrides")


def check_strict(root: View, review: Review) -> frozenset[Path]:
    """Report what only the strict profile refuses; the paths of refused members."""
    strict = _Strict(review)
    strict.check_version(root)
    for key in _ROOT_KEYS:
        strict.refuse(root, key)
    strict.check_attributes(root)
    strict.check_components(root)
    strict.check_commands(root)
    for event, commands in root.member("events").members():
        if event not in _EVENTS and commands.value:
            strict.refuse(root.member("events"), event)
    strict.check_names(root)
    return frozenset(strict.refused)


class _Strict:
    def __init__(self, review: Review) -> None:
        self._review = review
        self.refused: set[Path] = set()

    def refuse(self, owner: View, key: str) -> None:
        """Refuse the member ``key``, if it is there."""
        if owner.has(key):
            view = owner.member(key)
            self.refused.add(view.path)
            self._tell(view, f"`{key}` has no place in the strict profile; remove it.")

    def check_version(self, root: View) -> None:
        stated = root.text("schemaVersion")
        if stated and stated != VERSION:
            self._tell(
                root.member("schemaVersion"), f"The strict profile is of version {VERSION} alone."
            )

    def check_attributes(self, owner: View) -> None:
        for key in _OVERRIDES:
            self.refuse(owner.member("attributes"), key)

    def check_components(self, root: View) -> None:
        marked = 0
        for component in root.items("components"):
            self.check_attributes(component)
            self._check_kinds(component, _COMPONENT_KINDS)
            attributes = component.member("attributes")
            is_main = attributes.has(GITLAB_MAIN_ATTRIBUTE)
            marked += is_main and component.has("container")
            self._check_container(component, is_main=is_main)
            name = component.text("name")
            if component.has("volume") and len(name) > MAX_VOLUME_NAME:
                message = f"{quoted(name)} is longer than {MAX_VOLUME_NAME} characters."
                self._tell(component.member("name"), message)
        if marked != 1:
            message = f"Exactly one container has the attribute `{GITLAB_MAIN_ATTRIBUTE}`; here {marked} have."
            self._tell(root.member("components"), message)

    def check_commands(self, root: View) -> None:
        for command in root.items("commands"):
            self._check_kinds(command, _COMMAND_KINDS)
            action = command.member("exec")
            for key, _ in action.members():
                if key not in _EXEC_KEYS:
                    self.refuse(action, key)
            if action.flag("hotReloadCapable"):
                self._tell(
                    action.member("hotReloadCapable"), "`hotReloadCapable` may only be `false`."
                )

    def check_names(self, root: View) -> None:
        for view in _names(root):
            if isinstance(view.value, str) and _RESERVED.match(view.value):
                self._tell_reserved(view, view.value)
        for name, view in root.member("variables").members():
            if _RESERVED.match(name):
                self._tell_reserved(view, name)

    def _check_kinds(self, element: View, kinds: tuple[str, ...]) -> None:
        for key, _ in element.members():
            if key not in ("name", "id", "attributes", *kinds):
                self.refuse(element, key)

    def _check_container(self, component: View, *, is_main: bool) -> None:
        container = component.member("container")
        for key in ("dedicatedPod", "mountSources", "sourceMapping"):
            self.refuse(container, key)
        override = component.member("attributes").member("overrideCommand")
        if override.value is not None and not isinstance(override.value, bool):
            self._tell(override, "`overrideCommand` is `true` or `false`.")
        overrides = override.value if isinstance(override.value, bool) else is_main
        for key in ("command", "args"):
            if overrides and container.has(key):
                message = f"`{key}` goes only with the attribute `overrideCommand: false`."
                self._tell(container.member(key), message)

    def _tell_reserved(self, view: View, name: str) -> None:
        self._tell(view, f"{quoted(name)} begins as GitLab's own names do; choose another.")

    def _tell(self, view: View, message: str) -> None:
        self._review.problem("strict", view.path, message)


def _names(root: View) -> Iterator[View]:
    """Every place where an element is named or referred to."""
    for component in root.items("components"):
        yield component.member("name")
        container = component.member("container")
        for key in ("endpoints", "env", "volumeMounts"):
            yield from (item.member("name") for item in container.items(key))
    for command in root.items("commands"):
        yield command.member("id")
        for kind in _COMMAND_KINDS:
            yield from (command.member(kind).member(key) for key in ("component", "label"))
    for event in _EVENTS:
        yield from root.member("events").items(event)
