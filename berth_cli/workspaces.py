"""Naming workspaces and agents on the command line, and what a creation sends."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from berth_cli.client import Client, Json
from berth_cli.devfiles import as_devfile
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
        return read(client, name)
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
    return client.get(path_of(workspace_id))


def path_of(workspace_id: str) -> str:
    """Return the path of a workspace in the API."""
    return f"{_API}/workspaces/{quote(workspace_id, safe='')}"


def want(client: Client, workspace_id: str, desired: str) -> Json:
    """Ask for a desired state."""
    path = path_of(workspace_id)
    return (
        client.delete(path) if desired == "Terminated" else client.patch(path, {"desired": desired})
    )


def move(client: Client, workspace_id: str, agent_id: str) -> Json:
    """Ask for a workspace to be moved, its volume deleted."""
    body = {"agent_id": agent_id, "discard_volume": True}
    return client.post(f"{path_of(workspace_id)}/move", body)


def call_move_off(client: Client, workspace_id: str) -> Json:
    """Let a workspace stay where it is."""
    return client.delete(f"{path_of(workspace_id)}/move")


def create(client: Client, creation: Creation) -> Json:
    """Create the workspace."""
    body: Json = {
        "name": creation.name,
        "agent_id": _agent(client, creation.agent),
        "editor": creation.editor,
        "variables": [
            *(_environment_variable(text) for text in creation.variables),
            *(_file_variable(text) for text in creation.files),
        ],
    }
    if creation.devfile is not None:
        body["devfile"] = as_devfile(creation.devfile)
    elif creation.repository:
        given = {"url": creation.repository, "ref": creation.ref, "path": creation.devfile_path}
        body["repository"] = {name: value for name, value in given.items() if value}
    else:
        raise Failure("say from what: --repository URL or --devfile PATH", Exit.USAGE)
    return client.post(f"{_API}/workspaces", body)


def living_agents(client: Client) -> list[Json]:
    """Return the agents that are not retired."""
    return [agent for agent in client.items(f"{_API}/agents") if not agent.get("retired_at")]


def agent_named(client: Client, name: str) -> str:
    """Return the id of the agent with this name or id. Raises Failure where that is not clear."""
    if name.startswith("ag-"):
        return name
    agents = living_agents(client)
    return _only([agent for agent in agents if agent["name"] == name], agents, "by name or id")


def _agent(client: Client, name: str) -> str:
    """Return the agent of a new workspace: without a name, the one that takes any."""
    if name:
        return agent_named(client, name)
    agents = living_agents(client)
    free = [agent for agent in agents if not agent.get("cordoned")]
    return _only(free or agents, agents, "with --agent")


def _only(chosen: Sequence[Json], agents: Sequence[Json], how: str) -> str:
    if len(chosen) == 1:
        return str(chosen[0]["id"])
    if not agents:
        raise Failure(
            "no cluster is connected yet: an owner registers an agent first", Exit.MISSING
        )
    known = ", ".join(f"{agent['name']} ({agent['id']})" for agent in agents)
    raise Failure(f"say which agent, {how}; there are: {known}", Exit.USAGE)


def _environment_variable(text: str) -> Json:
    """NAME alone has its value from our own environment, so that no command line shows it."""
    name, equals, value = text.partition("=")
    if name and not equals:
        if name not in os.environ:
            raise Failure(f"{name} is not set here: export it, or give {name}=VALUE", Exit.USAGE)
        value = os.environ[name]
    return {"name": name, "kind": "environment", "value": value}


def _file_variable(text: str) -> Json:
    name, _, path = text.partition("=")
    if not (name and path):
        raise Failure(f"a file variable is NAME=PATH, not {text!r}", Exit.USAGE)
    return {"name": name, "kind": "file", "value": _text(Path(path))}


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{path} cannot be read: {error}", Exit.USAGE) from error
