"""Replaces ``{{name}}`` by the devfile's variables, once, where the specification says so.

The text that was put in is not looked at again, so no value can be built that grows by itself.
"""

import re
from collections.abc import Mapping
from typing import Any

from chalicelib.devfile.document import Path, View
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review

MAX_CHARACTERS = 64 * 1024
"""Of all substituted texts together, so that few tokens and one long value cannot fill the memory."""

_TOKEN = re.compile(r"\{\{[ \t]*([^{}\s]{1,63})[ \t]*\}\}")

_NAMES = object()
"""In the table: the keys of the mapping are substituted as well as its values."""

_ENV = {"name": True, "value": True}
_GIT = {"remotes": _NAMES, "checkoutFrom": {"revision": True, "remote": True}}
_OBJECTS = {"uri": True, "inlined": True, "endpoints": {"path": True}}
_RECIPE = {
    "uri": True,
    "git": {"fileLocation": True, **_GIT},
    "devfileRegistry": {"id": True, "registryUrl": True},
    "buildContext": True,
    "args": True,
}
_PROJECT = {"clonePath": True, "git": _GIT, "zip": {"location": True}}

_SUBSTITUTED: dict[str, Any] = {
    "components": {
        "container": {
            "image": True,
            "command": True,
            "args": True,
            "memoryLimit": True,
            "memoryRequest": True,
            "cpuLimit": True,
            "cpuRequest": True,
            "sourceMapping": True,
            "env": _ENV,
            "volumeMounts": {"path": True},
            "endpoints": {"path": True},
        },
        "volume": {"size": True},
        "kubernetes": _OBJECTS,
        "openshift": _OBJECTS,
        "image": {"imageName": True, "dockerfile": _RECIPE},
    },
    "commands": {
        "exec": {"commandLine": True, "workingDir": True, "label": True, "env": _ENV},
        "apply": {"label": True},
        "composite": {"label": True},
    },
    "projects": _PROJECT,
    "dependentProjects": _PROJECT,
    "starterProjects": {"description": True, "subDir": True, **_PROJECT},
}
"""Where variables are replaced. Names, ids and references to them, enumerations and attributes are not here."""


def substituted(root: View, review: Review) -> View:
    """``root`` with its variables replaced; an unknown name is a notice and stays as it is."""
    variables = root.member("variables")
    values = {name: view.value for name, view in variables.members() if isinstance(view.value, str)}
    return View(_Substitution(values, review).within(root.value, _SUBSTITUTED, ()))


class _Substitution:
    def __init__(self, values: Mapping[str, str], review: Review) -> None:
        self._values = values
        self._review = review
        self._left = MAX_CHARACTERS

    def within(self, value: Any, table: Any, path: Path) -> Any:
        """``value`` with the texts that ``table`` names replaced; a list stands for each of its items."""
        if isinstance(value, list):
            return [self.within(item, table, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, str):
            return self._text(value, path) if table is True else value
        if table is _NAMES and isinstance(value, dict):
            return {
                self._text(key, (*path, key)): self.within(item, True, (*path, key))
                for key, item in value.items()
            }
        if isinstance(table, dict) and isinstance(value, dict):
            return {
                key: self.within(item, table[key], (*path, key)) if key in table else item
                for key, item in value.items()
            }
        return value

    def _text(self, text: str, path: Path) -> str:
        tokens = list(_TOKEN.finditer(text))
        growth = sum(len(self._values.get(token[1], "")) for token in tokens)
        self._left -= growth
        if self._left < 0:
            message = f"The variables put in more than {MAX_CHARACTERS} characters in all; use shorter values."
            self._review.problem("variables-too-long", ("variables",), message)
            return ""
        return _TOKEN.sub(lambda token: self._value(token, path), text)

    def _value(self, token: re.Match[str], path: Path) -> str:
        value = self._values.get(token[1])
        if value is None:
            message = f"There is no variable {quoted(token[1])}; the text stays as it is."
            self._review.notice("unknown-variable", path, message)
            return token[0]
        return value
