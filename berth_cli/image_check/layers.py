"""Layers of an image, put one over another: https://github.com/opencontainers/image-spec, layer.md."""

import posixpath
import tarfile
from typing import IO

from berth_cli.image_check.tree import Entry, Tree

LOOKED_INTO = frozenset({"etc/passwd", "etc/group"})
_LONGEST = 64 * 1024
_GONE, _EMPTIED = ".wh.", ".wh..wh..opq"


class Unreadable(Exception):
    """What was given is no image; the message is for people."""


def put_over(tree: Tree, layer: IO[bytes]) -> None:
    """Put a layer over a tree, a tar as it is or packed by gzip, bzip2 or xz. Raises Unreadable."""
    try:
        with tarfile.open(fileobj=layer, mode="r|*") as members:
            for member in members:
                _put(tree, members, member)
    except tarfile.TarError as error:
        message = (
            f"a layer cannot be read ({error}): it is no tar, or packed by something else than gzip"
        )
        raise Unreadable(message) from error


def _put(tree: Tree, members: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    path = posixpath.normpath(f"/{member.name}").lstrip("/")
    folder, _, name = path.rpartition("/")
    if name == _EMPTIED:
        tree.clear(folder)
    elif name.startswith(_GONE):
        tree.remove(posixpath.join(folder, name.removeprefix(_GONE)))
    elif path and (entry := _entry(tree, members, member, path)) is not None:
        tree.put(path, entry)


def _entry(
    tree: Tree, members: tarfile.TarFile, member: tarfile.TarInfo, path: str
) -> Entry | None:
    if member.islnk():
        return tree.at(posixpath.normpath(f"/{member.linkname}"))
    if member.issym():
        return Entry("link", 0o777, member.gid, member.linkname)
    if member.isdir():
        return Entry("folder", member.mode, member.gid)
    content = b""
    if path in LOOKED_INTO and member.isreg():
        found = members.extractfile(member)
        content = found.read(_LONGEST) if found else b""
    return Entry("file", member.mode, member.gid, content=content)
