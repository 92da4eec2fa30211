"""``berth agent``: cordoning and draining an agent."""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Annotated
from urllib.parse import quote

import typer

from berth_cli import workspaces
from berth_cli.client import Client, Json, connect
from berth_cli.failures import Exit, Failure
from berth_cli.output import Column, Format, dump, show_many
from berth_cli.terminal import safe

_API = "/api/v1/agents"
_POLL_SECONDS = 2.0


def _status(agent: Json) -> str:
    words = [
        "online" if agent["online"] else "offline",
        *(each for each in ("cordoned", "draining") if agent[each]),
    ]
    return ", ".join(words)


_COLUMNS: Sequence[Column] = (
    ("NAME", lambda a: a["name"]),
    ("ID", lambda a: a["id"]),
    ("STATUS", _status),
    ("ZONE", lambda a: a["settings"]["zone"]),
)

agent = typer.Typer(help="List agents, cordon and drain them.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name or id of the agent.")]
Output = Annotated[Format, typer.Option("--output", "-o", help="How to print.")]


@agent.command("list")
def list_(output: Output = Format.TABLE) -> None:
    """List the agents of your organisation that are not retired."""
    show_many(workspaces.living_agents(connect()), _COLUMNS, output)


def _verb(verb: str, said: str) -> Callable[..., None]:
    def act(name: Name, output: Output = Format.TABLE) -> None:
        client = connect()
        changed = client.post(_path(client, name, verb), {})
        if output is Format.TABLE:
            _say(f"{changed['name']} {said}")
        else:
            dump(changed, output)

    return act


for _name, _said, _help in (
    ("cordon", "takes no new workspaces", "Give an agent no new workspace. For owners."),
    ("uncordon", "takes new workspaces", "Let an agent have workspaces again. For owners."),
):
    agent.command(_name, help=_help)(_verb(_name, _said))


@agent.command()
def drain(
    name: Name,
    *,
    wait: Annotated[bool, typer.Option(help="Wait until it is so.")] = True,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.")] = 600,
    output: Output = Format.TABLE,
) -> None:
    """Cordon an agent and stop every workspace that it has. For owners."""
    client = connect()
    path = _path(client, name, "drain")
    drained = client.post(path, {})
    if wait:
        drained = _await(client, path, drained, time.monotonic() + timeout)
    if output is Format.TABLE:
        _say(f"{drained['name']}: {_left(drained)}")
    else:
        dump(drained, output)


def _await(client: Client, path: str, drained: Json, until: float) -> Json:
    """Ask again until nothing is left; each request also goes on with the drain."""
    told, pause = "", threading.Event()
    while drained["unasked"] or drained["stopping"]:
        if (left := _left(drained)) != told:
            told = left
            sys.stderr.write(f"{safe(left)}\n")
        if not drained["draining"]:
            raise Failure(f"{drained['name']} was uncordoned: {left}", Exit.REFUSED)
        if time.monotonic() >= until:
            raise Failure(f"{drained['name']} is not drained yet: {left}", Exit.TIMED_OUT)
        pause.wait(0 if drained["unasked"] else _POLL_SECONDS)
        drained = client.post(path, {})
    return drained


def _left(drained: Json) -> str:
    left = drained["unasked"] + drained["stopping"]
    return f"{left} workspaces are left to stop" if left else "every workspace is stopped"


def _path(client: Client, name: str, verb: str) -> str:
    return f"{_API}/{quote(workspaces.agent_named(client, name), safe='')}/{verb}"


def _say(line: str) -> None:
    sys.stdout.write(f"{safe(line)}\n")
