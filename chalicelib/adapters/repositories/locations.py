"""Where a repository is: its address, taken apart strictly, and the host setting that allows it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.organisations.settings import GitHost
from chalicelib.ports.repositories import RepositoryRefused

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = (
    # The last label begins with a letter, so no spelling of an IP address is a host (WHATWG URL, "ends in a number").
    rf"https://(?P<host>(?:{_LABEL}\.){{0,10}}[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?)"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
)
_ADDRESS = re.compile(_HOST + r"(?P<path>(?:/[A-Za-z0-9_~+-][A-Za-z0-9._~+-]{0,254}){1,20})/?\Z")
_PAGE = re.compile(_HOST + r"(?P<target>/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)\Z")
_LONGEST = 2048
_HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Location:
    """A repository on an allowed host; ``path`` begins with a slash and has no escapes."""

    allowed: GitHost
    path: str


def located(url: str, hosts: Sequence[GitHost]) -> Location:
    """The location of ``url``; raises RepositoryRefused unless its host and port are among ``hosts``."""
    parts = _ADDRESS.match(url) if len(url) <= _LONGEST else None
    if parts is None:
        raise RepositoryRefused(
            "The repository's address is not like https://git.example.com/team/app.git: https, the name of a host in "
            "lower case, plain characters, no user and no password."
        )
    return Location(_allowed(parts, hosts), parts["path"])


def placed(url: str, hosts: Sequence[GitHost]) -> tuple[GitHost, str]:
    """The allowed host of an https address of anything, and what to ask it for; raises RepositoryRefused."""
    parts = _PAGE.match(url) if len(url) <= _LONGEST else None
    if parts is None:
        raise RepositoryRefused(
            f"{url[:100]} is not like https://host/devfile.yaml: https, the name of a host in lower case, no user, no"
            " password and no fragment."
        )
    return _allowed(parts, hosts), parts["target"]


def _allowed(parts: re.Match[str], hosts: Sequence[GitHost]) -> GitHost:
    host, port = parts["host"], int(parts["port"] or _HTTPS_PORT)
    for allowed in hosts:
        if (allowed.host, allowed.port) == (host, port):
            return allowed
    raise RepositoryRefused(
        f"The git host {host}:{port} is not allowed; an owner can add it to `git_hosts`."
    )
