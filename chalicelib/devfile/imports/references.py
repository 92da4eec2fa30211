"""What a devfile may import, as typed references, and who fetches it."""

import posixpath
import re
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, urljoin, urlsplit

from chalicelib.devfile.document import View
from chalicelib.devfile.quoting import quoted

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?(?:/[\x21\x23-\x7e]*)?\Z")
_REGISTRY_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,7}\Z")
_MOST_CHARACTERS = 1024


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file of the tree that the devfile itself stands in: a repository's commit, or a folder.

    ``path`` is relative to the root of that tree, in its shortest spelling, and never leaves it.
    """

    path: str

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An https address without user, password or fragment."""

    url: str

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """A stack of a devfile registry. Version empty: the registry's default; address empty: the resolver's."""

    id: str
    version: str = ""
    registry_url: str = ""

    def __str__(self) -> str:
        return f"{self.registry_url or 'registry'}/{self.id}/{self.version or 'default'}"


Reference = TreeFile | WebAddress | RegistryEntry


@dataclass(frozen=True, slots=True)
class Imported:
    """What a reference led to. ``place``: what its own relative references start from."""

    text: str | bytes
    place: Reference


class ImportRefused(Exception):
    """The resolver may not fetch this; the message is for people."""


class ImportMissing(Exception):
    """There is nothing at the reference; the message is for people."""


def address_of(reference: WebAddress | RegistryEntry) -> WebAddress:
    """Where it is on the web (registry API: ``/devfiles/ID/VERSION``). Raises ``ImportRefused`` for
    an entry that does not name its registry."""
    if isinstance(reference, WebAddress):
        return reference
    if not reference.registry_url:
        raise ImportRefused(f"Say where {reference.id} is: give the import its `registryUrl`.")
    parts = [reference.registry_url.rstrip("/"), "devfiles", quote(reference.id)]
    return WebAddress("/".join([*parts, quote(reference.version)] if reference.version else parts))


class Resolver(Protocol):
    """Fetches imports for a reading."""

    def fetch(self, reference: Reference) -> Imported:
        """Return the text at ``reference``.

        Raises ``ImportRefused`` or ``ImportMissing``, which become problems of the devfile; any
        other exception ends the reading and reaches its caller.
        """
        ...


class BadReference(ValueError):
    """A reference that cannot be followed by anybody; the message is for people."""


def reference(owner: View, place: Reference) -> Reference:
    """The reference that ``owner`` (a parent or a plugin) holds, in a file at ``place``.

    Raises ``BadReference``.
    """
    if owner.has("id"):
        return _entry(owner)
    uri = owner.text("uri")
    if not uri or len(uri) > _MOST_CHARACTERS or not uri.isprintable() or " " in uri:
        raise BadReference("The address of an import is a path or an https address.")
    if _SCHEME.match(uri):
        return _address(uri)
    if isinstance(place, TreeFile):
        return _beside(uri, place)
    if isinstance(place, WebAddress):
        return _address(urljoin(place.url, uri))
    raise BadReference(f"There is no folder here for {quoted(uri)} to start from.")


def _entry(owner: View) -> RegistryEntry:
    entry = RegistryEntry(owner.text("id"), owner.text("version"), owner.text("registryUrl"))
    if len(entry.id) > _MOST_CHARACTERS or not _REGISTRY_ID.match(entry.id):
        raise BadReference(f"{quoted(entry.id)} is no id of a registry's stack.")
    if entry.registry_url:
        _address(entry.registry_url)
    return entry


def _address(uri: str) -> WebAddress:
    parts = urlsplit(uri) if _ADDRESS.match(uri) else None
    if parts is None or parts.fragment or not parts.hostname:
        raise BadReference(
            f"{quoted(uri)} is no address to import from; give one like"
            " `https://host/devfile.yaml`, without user and password."
        )
    return WebAddress(uri)


def _beside(uri: str, place: TreeFile) -> TreeFile:
    path = posixpath.normpath(posixpath.join(posixpath.dirname(place.path), uri))
    if uri.startswith("/") or "\\" in uri or path.split("/")[0] in ("..", "."):
        raise BadReference(f"{quoted(uri)} leads out of the folder that the devfile belongs to.")
    return TreeFile(path)
