"""What a devfile of this machine imports: files beside it, and what allowed hosts give."""

import ssl
from collections.abc import Collection
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from berth_cli.failures import Exit, Failure
from chalicelib.devfile import (
    MAX_BYTES,
    Imported,
    ImportMissing,
    ImportRefused,
    Reference,
    TreeFile,
    address_of,
)

_SECONDS = 10.0
_ABSENT = (404, 410)


def tree_of(file: Path) -> Path:
    """Return the folder that relative imports stay in: the repository's, else the file's own."""
    folder = file.resolve().parent
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)


class Imports:
    """Reads files below ``tree``, and https addresses on ``hosts`` (``host`` or ``host:port``)."""

    def __init__(self, tree: Path, hosts: Collection[str]) -> None:
        self._tree = tree.resolve()
        self._hosts = {host.lower() for host in hosts}

    def fetch(self, reference: Reference) -> Imported:
        """See ``chalicelib.devfile.Resolver``. Raises Failure when a host does not answer."""
        if isinstance(reference, TreeFile):
            return Imported(self._file(reference.path), reference)
        address = address_of(reference)
        return Imported(self._asked(address.url), address)

    def _file(self, path: str) -> bytes:
        file = (self._tree / path).resolve()
        if not file.is_relative_to(self._tree):
            raise ImportRefused(f"{path} is a link that leads out of {self._tree}.")
        try:
            with file.open("rb") as content:
                return content.read(MAX_BYTES + 1)
        except OSError as error:
            raise ImportMissing(f"{path} cannot be read: {error.strerror}.") from error

    def _asked(self, url: str) -> bytes:
        host = urlsplit(url).netloc.lower()
        if host not in self._hosts:
            raise ImportRefused(f"{host} is not allowed; allow it with `--allow-host {host}`.")
        try:
            # Trust is the system's, as for the control plane, and not the library's own list.
            trust = ssl.create_default_context()
            with httpx.stream("GET", url, timeout=_SECONDS, verify=trust) as answer:
                if answer.status_code in _ABSENT:
                    raise ImportMissing(f"There is nothing at {url}.")
                if answer.status_code != httpx.codes.OK:
                    raise ImportRefused(
                        f"{url} answered {answer.status_code}; redirects are not followed."
                    )
                return _bounded(answer)
        except httpx.HTTPError as error:
            message = f"{url} does not answer: {str(error) or type(error).__name__}"
            raise Failure(message, Exit.UNREACHABLE) from error


def _bounded(answer: httpx.Response) -> bytes:
    """At most one byte more than a devfile may have: the reading then says so."""
    body = bytearray()
    for part in answer.iter_bytes():
        body += part
        if len(body) > MAX_BYTES:
            break
    return bytes(body[: MAX_BYTES + 1])
