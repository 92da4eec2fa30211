"""Where an image comes from: a folder with its files, or an archive or layout of images."""

import json
import os
import stat
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from berth_cli.image_check.layers import LOOKED_INTO, Unreadable, put_over
from berth_cli.image_check.tree import Entry, Tree

Open = Callable[[str], AbstractContextManager[IO[bytes]]]
"""Opens a part of an archive or layout by its path there. Raises Unreadable."""


@dataclass(frozen=True, slots=True)
class Image:
    """Its files, and its settings as far as they are known: of a folder of files they are not."""

    tree: Tree
    settings: Mapping[str, Any] = field(default_factory=dict)
    """``config`` of the image's configuration."""
    platform: str = ""
    """Such as ``linux/amd64``; empty where it is not known."""

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the image sets."""
        pairs = (str(each).partition("=") for each in self.settings.get("Env") or ())
        return {name: value for name, _, value in pairs}


def read_image(place: Path) -> Image:
    """Read an image: a root file system (folder or tar), what ``docker save`` writes, or an OCI layout
    (folder or tar). Raises Unreadable, and OSError where it is not there."""
    try:
        if not place.is_dir():
            with tarfile.open(place) as archive:
                return _archive(archive, place)
        if (place / "oci-layout").is_file():
            return _layout(lambda path: (place / path).open("rb"))
    except tarfile.ReadError as error:
        raise Unreadable(f"it is no folder and no tar ({error})") from error
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise Unreadable(f"its parts are not described as those of an image ({error!r})") from error
    return Image(_folder(place))


def _archive(archive: tarfile.TarFile, place: Path) -> Image:
    names = {each.removeprefix("./"): each for each in archive.getnames()}

    def part(path: str) -> IO[bytes]:
        found = archive.extractfile(names[path]) if path in names else None
        if found is None:
            raise Unreadable(f"it has no {path}")
        return found

    if "index.json" in names:
        return _layout(part)
    if "manifest.json" in names:
        return _saved(part)
    tree = Tree()
    with place.open("rb") as whole:
        put_over(tree, whole)
    return Image(tree)


def _saved(part: Open) -> Image:
    """What ``docker save`` writes."""
    (first, *_) = _json(part, "manifest.json")
    return _image(part, first["Config"], first["Layers"])


def _layout(part: Open) -> Image:
    """An OCI image layout; of several platforms the first one."""
    described = _json(part, "index.json")["manifests"][0]
    manifest = _json(part, _blob(described["digest"]))
    while "manifests" in manifest:
        manifest = _json(part, _blob(manifest["manifests"][0]["digest"]))
    layers = [_blob(layer["digest"]) for layer in manifest["layers"]]
    return _image(part, _blob(manifest["config"]["digest"]), layers)


def _image(part: Open, configuration: str, layers: list[str]) -> Image:
    found = _json(part, configuration)
    tree = Tree()
    for layer in layers:
        with part(layer) as content:
            put_over(tree, content)
    platform = f"{found.get('os', '')}/{found.get('architecture', '')}"
    return Image(tree, found.get("config") or {}, platform)


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/', 1)}"


def _json(part: Open, path: str) -> Any:
    with part(path) as content:
        try:
            return json.load(content)
        except ValueError as error:
            raise Unreadable(f"{path} is no JSON: {error}") from error


def _folder(root: Path) -> Tree:
    tree = Tree()
    for path, status in _walk(root, ""):
        tree.put(path, _stated(root, path, status))
    return tree


def _walk(root: Path, inside: str) -> Iterator[tuple[str, os.stat_result]]:
    for each in sorted(os.scandir(root / inside), key=lambda found: found.name):
        path = f"{inside}/{each.name}" if inside else each.name
        yield path, each.stat(follow_symlinks=False)
        if each.is_dir(follow_symlinks=False) and os.access(each.path, os.R_OK | os.X_OK):
            yield from _walk(root, path)


def _stated(root: Path, path: str, status: os.stat_result) -> Entry:
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        return Entry("link", mode, status.st_gid, str((root / path).readlink()))
    if stat.S_ISDIR(status.st_mode):
        return Entry("folder", mode, status.st_gid)
    content = (root / path).read_bytes() if path in LOOKED_INTO else b""
    return Entry("file", mode, status.st_gid, content=content)
