"""``berth image``: look into an image of this machine. Nothing of it is run, and no host is asked."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from berth_cli.failures import Exit, Failure
from berth_cli.image_check.layers import Unreadable
from berth_cli.image_check.rules import Finding, findings
from berth_cli.image_check.sources import read_image
from berth_cli.terminal import safe

image = typer.Typer(help="Look at images for workspaces.", no_args_is_help=True)


@image.callback()
def _image() -> None:
    """Keep the verb's name: typer would leave it out where it is the only one."""


@image.command()
def check(
    place: Annotated[
        Path,
        typer.Argument(
            metavar="IMAGE",
            help="What `docker save` writes, an OCI layout, or a root file system: folder or tar.",
        ),
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what an image lacks to be a workspace's: for any user id, of group 0."""
    try:
        found = list(findings(read_image(place)))
    except (Unreadable, OSError) as error:
        raise Failure(f"{place} cannot be read as an image: {error}", Exit.USAGE) from error
    missing = [each for each in found if each.needed]
    if as_json:
        _say_json(place, found)
    else:
        for each in found:
            word = "missing" if each.needed else "notice"
            sys.stdout.write(safe(f"{place}: {word}: {each.message} [{each.code}]") + "\n")
        verdict = f"{len(missing)} missing" if missing else "fit for workspaces"
        sys.stdout.write(safe(f"{place}: {verdict}") + "\n")
    if missing:
        raise typer.Exit(Exit.FAILED)


def _say_json(place: Path, found: list[Finding]) -> None:
    fit = not any(each.needed for each in found)
    answer = {"image": str(place), "fit": fit, "findings": [asdict(each) for each in found]}
    sys.stdout.write(json.dumps(answer, indent=2) + "\n")
