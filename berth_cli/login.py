"""``berth login``: whose credential is kept on this machine, and of which control plane."""

import getpass
import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from berth_cli import sign_in
from berth_cli.client import Client
from berth_cli.configuration import Configuration, checked_url, load, save
from berth_cli.failures import Exit, Failure
from berth_cli.terminal import safe


def login(
    url: Annotated[str, typer.Argument(help="Address of the control plane.")] = "",
    *,
    token: Annotated[
        str, typer.Option(help="- takes a personal token from standard input.", metavar="-")
    ] = "",
    ca_file: Annotated[
        str, typer.Option(help="PEM of authorities to trust beside the system's.")
    ] = "",
) -> None:
    """Sign in: in the browser, or with a personal token."""
    known = load(os.environ)
    chosen = Configuration(
        url=checked_url(url) if url else known.url,
        ca_file=str(Path(ca_file).resolve()) if ca_file else known.ca_file,
    )
    if not chosen.url:
        raise Failure("say where: `berth login https://...`", Exit.USAGE)
    given = _given_token() if _is_given(token) else sign_in.in_browser(Client(chosen), _browse)
    signed_in = Configuration(chosen.url, given, chosen.ca_file)
    person = Client(signed_in).get("/api/v1/me")
    path = save(signed_in, os.environ)
    name = safe(person["name"])
    sys.stdout.write(f"Signed in to {chosen.url} as {name} ({person['role']}); kept in {path}\n")


def _is_given(token: str) -> bool:
    if token not in {"", "-"}:
        message = "everybody on this machine can read a command line: write `--token -`, and give the token on standard input"
        raise Failure(message, Exit.USAGE)
    return token == "-"  # noqa: S105 - stands for standard input


def _given_token() -> str:
    line = getpass.getpass("Token: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not line.strip():
        raise Failure("no token came on standard input", Exit.USAGE)
    return line.strip()


def _browse(address: str) -> bool:
    return webbrowser.open(address)
