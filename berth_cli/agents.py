"""``berth agent``: installing, cordoning and draining an agent."""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from berth_cli import installing, workspaces
from berth_cli.client import Client, Json, connect
from berth_cli.draining import move_all, stop_all
from berth_cli.failures import Exit, Failure
from berth_cli.output import Column, Format, dump, show_many
from berth_cli.terminal import safe

_API = "/api/v1/agents"


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

agent = typer.Typer(help="List agents, install, cordon and drain them.", no_args_is_help=True)

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
    to: Annotated[
        str, typer.Option(help="Name or id of an agent to move it all to, instead.")
    ] = "",
    discard_volumes: Annotated[
        bool, typer.Option("--discard-volumes", help="Volumes may be deleted: they do not move.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait until it is so.")] = True,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.")] = 600,
) -> None:
    """Cordon an agent and stop every workspace that it has, or move them. For owners."""
    if bool(to) is not discard_volumes:
        message = (
            "volumes do not move, and what is not pushed is lost:"
            " say both --to AGENT and --discard-volumes, or neither"
        )
        raise Failure(message, Exit.USAGE)
    client, until = connect(), time.monotonic() + timeout if wait else None
    if not to:
        _say(stop_all(client, _path(client, name, "drain"), until))
        return
    agents = workspaces.agent_named(client, name), workspaces.agent_named(client, to)
    client.post(_path(client, name, "cordon"), {})
    _say(move_all(client, agents, until))


@agent.command()
def install(
    name: Annotated[str, typer.Argument(help="Name of the agent; a new one is registered.")],
    *,
    zone: Annotated[str, typer.Option(help="DNS name below which its workspaces answer.")] = "",
    image_prefix: Annotated[
        str, typer.Option(help="Registry, and path on it, of Berth's images; else localhost.")
    ] = "",
    chart: Annotated[str, typer.Option(help="Folder or address of the chart.")] = "infra/chart",
    secret: Annotated[
        str, typer.Option(help="File for the agent's token, as a manifest for kubectl.")
    ] = "",
) -> None:
    """Register an agent, or give it a new token, and print the command that installs it. For owners."""
    client = connect()
    file = Path(secret or f"berth-{name}.yaml")
    with installing.reserved(file) as keep:
        keep(installing.token(client, name, zone, image_prefix))
    sys.stderr.write(
        f"{safe(str(file))} holds the agent's token; this removes it once it is there:\n"
    )
    sys.stdout.write(f"{installing.command(file, chart, image_prefix)}\n")


def _path(client: Client, name: str, verb: str) -> str:
    return f"{_API}/{quote(workspaces.agent_named(client, name), safe='')}/{verb}"


def _say(line: str) -> None:
    sys.stdout.write(f"{safe(line)}\n")
