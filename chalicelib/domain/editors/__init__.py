"""Editors: what is injected into a workspace's main container. One row of data each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Editor:
    """How an editor is started and reached.

    The start program of the tools image gets ``name`` and ``port``; ``health`` is the path that
    answers 200 once people can be let in; ``tools_mib`` bounds the unpacked tools.
    """

    name: str
    port: int
    endpoint: str
    health: str
    tools_mib: int


EDITORS: dict[str, Editor] = {
    editor.name: editor
    for editor in (
        Editor(name="terminal", port=7681, endpoint="terminal", health="/healthz", tools_mib=512),
    )
}
