"""Variables of a devcontainer.json, such as ``${localEnv:NAME:default}``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_VARIABLE = re.compile(r"\$\{([A-Za-z]+)(?::([^}:]*))?(?::([^}]*))?\}")
_ID = "workspace"
"""What ``devcontainerId`` makes unique is unique already: volumes belong to one workspace."""


@dataclass(frozen=True, slots=True)
class Words:
    """What the variables of one file stand for."""

    project: str
    """Name of the folder that the repository is checked out in."""
    folder: str
    """Absolute path of that folder."""
    given: Mapping[str, str]
    """The environment of the container, as far as the file states it."""

    def put_in(self, text: str) -> str:
        """Return the text with its variables replaced. There is no machine in front of the person, so
        ``localEnv`` is its default. What is no variable of a devcontainer.json stays."""
        return _VARIABLE.sub(lambda found: self._meaning(found, None), text)

    def put_in_command(self, text: str) -> str:
        """Return a shell command with its variables replaced; the shell knows the environment."""
        return _VARIABLE.sub(lambda found: self._meaning(found, "${%s:-%s}"), text)

    def unknown(self, text: str) -> list[str]:
        """Return the variables of the container's environment that the file does not state."""
        names = [found[2] or "" for found in _VARIABLE.finditer(text) if found[1] == "containerEnv"]
        return [name for name in names if name not in self.given]

    def _meaning(self, found: re.Match[str], of_shell: str | None) -> str:
        kind, name, default = found[1], found[2] or "", found[3] or ""
        if kind == "containerEnv" and of_shell is not None and name.isidentifier():
            return of_shell % (name, default)
        meanings = {
            "localWorkspaceFolder": self.folder,
            "containerWorkspaceFolder": self.folder,
            "localWorkspaceFolderBasename": self.project,
            "containerWorkspaceFolderBasename": self.project,
            "devcontainerId": _ID,
            "localEnv": default,
            "env": default,
            "containerEnv": self.given.get(name, default),
        }
        return meanings.get(kind, found[0])
