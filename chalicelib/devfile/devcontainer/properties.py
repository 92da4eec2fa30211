"""What of a devcontainer.json is refused, and what is read without effect: by name, with what to do."""

from collections.abc import Mapping
from types import UnionType

from chalicelib.devfile.document import View
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review

_BUILT = "Berth builds no images; build this one elsewhere and name it as `image`"
_CONFINED = "a workspace has no rights beyond those of its user; remove it"

REFUSED: Mapping[str, str] = {
    "build": _BUILT,
    "dockerFile": _BUILT,
    "dockerComposeFile": "there is no compose in a workspace; use a devfile with several containers",
    "service": "there is no compose in a workspace; use a devfile with several containers",
    "runServices": "there is no compose in a workspace; use a devfile with several containers",
    "features": "features are built into an image; use an image that has them",
    "privileged": _CONFINED,
    "capAdd": _CONFINED,
    "securityOpt": _CONFINED,
}
"""Refused where they ask for something: an empty list or `false` does not."""

WITHOUT_EFFECT: Mapping[str, str] = {
    "initializeCommand": "`initializeCommand` is not run: it is for the machine in front of a person.",
    "postAttachCommand": "`postAttachCommand` is not run; `postStartCommand` is, at each start.",
    "containerUser": "Containers run as a user of Berth's choice, who is in group 0.",
    "remoteUser": "Containers run as a user of Berth's choice, who is in group 0.",
    "secrets": "Secrets are not asked for; give them as variables of the workspace.",
    "customizations": "Settings of editors and other programs have no effect.",
    "workspaceMount": "Berth mounts the volume of the projects itself.",
}

SILENT = frozenset(
    {
        "$schema",
        "init",
        "name",
        "otherPortsAttributes",
        "overrideFeatureInstallOrder",
        "shutdownAction",
        "updateRemoteUserUID",
        "userEnvProbe",
        "waitFor",
    }
)
"""Without a meaning in a workspace, and nobody misses it."""

_TEXT, _LIST, _OBJECT = (str, "a text"), (list, "a list"), (dict, "an object")
_COMMAND = (str | list | dict, "a text, a list of texts, or an object of these")

TRANSLATED: Mapping[str, tuple[type | UnionType, str]] = {
    "appPort": (int | str | list, "a port, or a list of ports"),
    "containerEnv": _OBJECT,
    "forwardPorts": _LIST,
    "hostRequirements": _OBJECT,
    "image": _TEXT,
    "mounts": _LIST,
    "onCreateCommand": _COMMAND,
    "overrideCommand": (bool, "`true` or `false`"),
    "portsAttributes": _OBJECT,
    "postCreateCommand": _COMMAND,
    "postStartCommand": _COMMAND,
    "remoteEnv": _OBJECT,
    "runArgs": _LIST,
    "updateContentCommand": _COMMAND,
    "workspaceFolder": _TEXT,
}
"""What becomes of a devfile, with the type of each."""


def check_properties(root: View, review: Review) -> None:
    """Report each member that is refused, and each that has no effect."""
    for name, member in root.members():
        if name in REFUSED:
            if member.value:
                message = f"{quoted(name)} is not supported: {REFUSED[name]}."
                review.problem("unsupported", member.path, message)
        elif name in WITHOUT_EFFECT:
            review.notice("without-effect", member.path, WITHOUT_EFFECT[name])
        elif name in TRANSLATED:
            kind, words = TRANSLATED[name]
            if not isinstance(member.value, kind | None):
                review.problem("wrong-type", member.path, f"{quoted(name)} is {words}.")
        elif name not in SILENT:
            message = f"{quoted(name)} is no member that Berth knows; it has no effect."
            review.notice("without-effect", member.path, message)
