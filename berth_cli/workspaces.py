"""Naming workspaces and agents on the command line, and what a creation sends."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from berth_cli.client import Client, Json
from berth_cli.failures import Exit, Failure

_API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Creation:
    """What ``berth create`` was told."""

    name: str
    agent: str
    editor: str
    repository: str
    ref: str
    devfile_path: str
    devfile: Path | None
    variables: Sequence[str]
    files: Sequence[str]


def find(client: Client, name: str) -> Json:
    """Return the workspace with this id, or yours with this name. Raises Failure when there is none."""
    if name.startswith("ws-"):
        return client.get(f"{_API}/workspaces/{name}")
    live = [w for w in client.items(f"{_API}/workspaces", owner="me") if w["name"] == name]
    chosen = [w for w in live if w["actual"] != "Terminated"] or live[:1]
    if not chosen:
        raise Failure(f"you have no workspace named {name}; `berth list` shows yours", Exit.MISSING)
    if len(chosen) > 1:
        ids = ", ".join(w["id"] for w in chosen)
        raise Failure(f"several workspaces are named {name}: say which by id ({ids})", Exit.USAGE)
    return chosen[0]


def read(client: Client, workspace_id: str) -> Json:
    """Return the workspace."""
    return client.get(f"{_API}/workspaces/{workspace_id}")


def want(client: Client, workspace_id: str, desired: str) -> Json:
    """Ask for a desired state."""
    path = f"{_API}/workspaces/{workspace_id}"
    return (
        client.delete(path) if desired == "Terminated" else client.patch(path, {"desired": desired})
    )


def create(client: Client, creation: Creation) -> Json:
    """Create the workspace."""
    body: Json = {
        "name": creation.name,
        "agent_id": _agent(client, creation.agent),
        "editor": creation.editor,
        "variables": [
            *(_variable(text, "environment") for text in creation.variables),
            *(_variable(text, "file") for text in creation.files),
        ],
    }
    if creation.devfile is not None:
        body["devfile"] = _text(creation.devfile)
    elif creation.repository:
        given = {"url": creation.repository, "ref": creation.ref, "path": creation.devfile_path}
        body["repository"] = {name: value for name, value in given.items() if value}
    else:
        raise Failure("give --repository or --devfile", Exit.USAGE)
    return client.post(f"{_API}/workspaces", body)


def _agent(client: Client, name: str) -> str:
    if name.startswith("ag-"):
        return name
    agents = [agent for agent in client.items(f"{_API}/agents") if not agent.get("retired_at")]
    chosen = [agent for agent in agents if name in {"", agent["name"]}]
    if len(chosen) == 1:
        return str(chosen[0]["id"])
    known = ", ".join(agent["name"] for agent in agents) or "none"
    raise Failure(f"say which agent with --agent; there are: {known}", Exit.USAGE)


def _variable(text: str, kind: str) -> Json:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise Failure(f"a variable is NAME=VALUE, not {name!r}", Exit.USAGE)
    return {"name": name, "kind": kind, "value": _text(Path(value)) if kind == "file" else value}


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{path} cannot be read: {error}", Exit.USAGE) from error
