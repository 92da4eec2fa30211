"""The verbs of ``berth``."""

import sys
import webbrowser
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from berth_cli import workspaces
from berth_cli.agents import agent
from berth_cli.audit import audit
from berth_cli.client import Client, Json, connect
from berth_cli.devfiles import devfile
from berth_cli.failures import Exit, Failure
from berth_cli.images import image
from berth_cli.login import login
from berth_cli.output import (
    EVENT_COLUMNS,
    WORKSPACE_COLUMNS,
    Format,
    show_many,
    show_workspace,
)
from berth_cli.progress import Wanted, wait_for
from berth_cli.quotas import quotas
from berth_cli.terminal import safe

app = typer.Typer(
    help="Remote development workspaces.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(agent, name="agent")
app.add_typer(audit, name="audit")
app.add_typer(devfile, name="devfile")
app.add_typer(image, name="image")
app.add_typer(quotas, name="quotas")

app.command()(login)

Name = Annotated[str, typer.Argument(help="Name or id of the workspace.")]
Output = Annotated[Format, typer.Option("--output", "-o", help="How to print.")]
Wait = Annotated[bool, typer.Option(help="Wait until it is so.")]
Timeout = Annotated[float, typer.Option(help="Seconds to wait at most.")]


class Lasting(StrEnum):
    """Actual states that last, so that one can wait for them."""

    RUNNING = "Running"
    STOPPED = "Stopped"
    FAILED = "Failed"
    ERROR = "Error"
    TERMINATED = "Terminated"


@app.command()
def create(  # noqa: PLR0913 - one parameter for each option of the command line
    name: Annotated[str, typer.Argument(help="Name of the new workspace.")],
    *,
    repository: Annotated[
        str, typer.Option("--repository", "-r", help="Repository to work on (https).")
    ] = "",
    ref: Annotated[
        str, typer.Option(help="Branch, tag or commit; the default branch if absent.")
    ] = "",
    devfile_path: Annotated[str, typer.Option(help="Path of the devfile in the repository.")] = "",
    devfile: Annotated[
        Path | None, typer.Option("--devfile", "-f", help="A devfile of this machine.")
    ] = None,
    agent: Annotated[
        str, typer.Option(help="Name or id of the agent; may be left out where one takes new ones.")
    ] = "",
    editor: Annotated[str, typer.Option(help="Editor to inject.")] = "terminal",
    variable: Annotated[
        list[str] | None,
        typer.Option("--var", help="NAME=VALUE for the environment; NAME alone: its value here."),
    ] = None,
    file: Annotated[
        list[str] | None, typer.Option("--file", help="NAME=PATH of a file variable.")
    ] = None,
    wait: Wait = True,
    timeout: Timeout = 600,
    output: Output = Format.TABLE,
) -> None:
    """Create a workspace from a repository or a devfile, and wait until it runs."""
    client = connect()
    creation = workspaces.Creation(
        name, agent, editor, repository, ref, devfile_path, devfile, variable or [], file or []
    )
    workspace = workspaces.create(client, creation)
    if wait:
        workspace = wait_for(
            lambda: workspaces.read(client, workspace["id"]), Wanted("Running", timeout)
        )
    show_workspace(workspace, output)


@app.command("list")
def list_(
    *,
    everybody: Annotated[
        bool, typer.Option("--all", "-a", help="Others' too, as far as you may see them.")
    ] = False,
    repository: Annotated[str | None, typer.Option(help="Only those of this repository.")] = None,
    output: Output = Format.TABLE,
) -> None:
    """List your workspaces."""
    owner = None if everybody else "me"
    found = connect().items("/api/v1/workspaces", owner=owner, repository=repository)
    show_many(list(found), WORKSPACE_COLUMNS, output)


@app.command()
def show(name: Name, output: Output = Format.TABLE) -> None:
    """Show one workspace."""
    show_workspace(workspaces.find(connect(), name), output)


@app.command("open")
def open_(
    name: Name,
    *,
    print_only: Annotated[
        bool, typer.Option("--print", help="Print the address, open nothing.")
    ] = False,
) -> None:
    """Open a workspace's editor in the browser."""
    workspace = workspaces.find(connect(), name)
    address = workspace.get("url")
    if not address:
        raise Failure(f"{name} has no address to open", Exit.REFUSED)
    sys.stdout.write(f"{safe(address)}\n")
    if workspace["actual"] != "Running":
        sys.stderr.write(f"berth: {name} is {workspace['actual']}; `berth start {name}` runs it\n")
    if not print_only:
        webbrowser.open(address)


def _verb(desired: str, state: str) -> Callable[..., None]:
    def act(
        name: Name, *, wait: Wait = True, timeout: Timeout = 600, output: Output = Format.TABLE
    ) -> None:
        client = connect()
        workspace = workspaces.want(client, workspaces.find(client, name)["id"], desired)
        if wait:
            workspace = _await(client, workspace, Wanted(state, timeout))
        show_workspace(workspace, output)

    return act


def _await(client: Client, workspace: Json, wanted: Wanted) -> Json:
    return wait_for(lambda: workspaces.read(client, workspace["id"]), wanted)


for _name, _desired, _state, _help in (
    ("start", "Running", "Running", "Start a workspace."),
    ("stop", "Stopped", "Stopped", "Stop a workspace; its volume stays."),
    ("restart", "RestartRequested", "Running", "Stop a workspace and start it again."),
    ("terminate", "Terminated", "Terminated", "Remove a workspace and its volume for ever."),
):
    app.command(_name, help=_help)(_verb(_desired, _state))


@app.command()
def move(  # noqa: PLR0913 - one parameter for each option of the command line
    name: Name,
    *,
    to: Annotated[str, typer.Option(help="Name or id of the agent to move to.")] = "",
    discard_volume: Annotated[
        bool,
        typer.Option("--discard-volume", help="Its volume may be deleted: it does not go along."),
    ] = False,
    call_off: Annotated[bool, typer.Option("--call-off", help="Let it stay where it is.")] = False,
    wait: Wait = True,
    timeout: Timeout = 600,
    output: Output = Format.TABLE,
) -> None:
    """Move a workspace to another agent, without its volume: projects are cloned again."""
    if bool(to) is call_off:
        raise Failure("say where to with --to AGENT, or --call-off", Exit.USAGE)
    client = connect()
    workspace = workspaces.find(client, name)
    if call_off:
        workspace = workspaces.call_move_off(client, workspace["id"])
    else:
        _check_discard(workspace, is_agreed=discard_volume)
        agent_id = workspaces.agent_named(client, to)
        state = "Stopped" if workspace["desired"] == "Stopped" else "Running"
        workspace = workspaces.move(client, workspace["id"], agent_id)
        if wait:
            workspace = _await(client, workspace, Wanted(state, timeout, agent_id))
    show_workspace(workspace, output)


def _check_discard(workspace: Json, *, is_agreed: bool) -> None:
    if not is_agreed:
        message = (
            f"the volume of {workspace['name']} does not move with it: everything that is not pushed"
            " is lost.\nPush what you need, then say --discard-volume"
        )
        raise Failure(message, Exit.USAGE)


@app.command()
def events(name: Name, output: Output = Format.TABLE) -> None:
    """Show what happened to a workspace, oldest first."""
    client = connect()
    workspace = workspaces.find(client, name)
    newest_first = list(client.items(f"{workspaces.path_of(workspace['id'])}/events"))
    show_many(newest_first[::-1], EVENT_COLUMNS, output)


@app.command()
def wait(
    name: Name,
    *,
    state: Annotated[
        Lasting, typer.Option("--for", help="Actual state to wait for.", case_sensitive=False)
    ] = Lasting.RUNNING,
    timeout: Timeout = 600,
    output: Output = Format.TABLE,
) -> None:
    """Wait until a workspace has a state."""
    client = connect()
    show_workspace(_await(client, workspaces.find(client, name), Wanted(state, timeout)), output)


def run() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        app(prog_name="berth")
    except Failure as failure:
        lines = str(failure).split("\n")
        sys.stderr.write("berth: " + "\n".join(map(safe, lines)) + "\n")
        sys.exit(failure.code)
