"""``berth quotas``: how much of each quota is used, and counting anew."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from berth_cli.client import connect
from berth_cli.output import Column, Format, dump, show_many
from berth_cli.terminal import safe

_API = "/api/v1/organisation/quotas"

_COLUMNS: Sequence[Column] = (
    ("OF", lambda q: q["scope"]),
    ("NAME", lambda q: q["name"]),
    ("ID", lambda q: q["id"]),
    ("WORKSPACES", lambda q: str(q["workspaces"])),
    ("LIMIT", lambda q: str(q["limit"])),
)

quotas = typer.Typer(help="Show quotas of workspaces, and count anew.", no_args_is_help=True)

Output = Annotated[Format, typer.Option("--output", "-o", help="How to print.")]


@quotas.command("list")
def list_(output: Output = Format.TABLE) -> None:
    """List what is used of your quota, your organisation's and its agents'."""
    show_many(list(connect().items(_API)), _COLUMNS, output)


@quotas.command()
def recount(output: Output = Format.TABLE) -> None:
    """Count all workspaces anew and correct the quotas' counters. For owners."""
    done = connect().post(f"{_API}/recount", {})
    if output is not Format.TABLE:
        dump(done, output)
        return
    for each in done["corrections"]:
        _say(f"{each['scope']} {each['id']}: {each['counted']} workspaces, not {each['stored']}")
    for each in done["unsettled"]:
        _say(f"{each['scope']} {each['id']}: changed all the while; count again later")
    if not (done["corrections"] or done["unsettled"]):
        _say("every counter was right")


def _say(line: str) -> None:
    sys.stdout.write(f"{safe(line)}\n")
