"""The images that every cluster needs, made from this machine's packages; no registry is reached.

Each function returns a docker archive in the cache, for `Cluster(images=...)`; `images.archive` writes it.
"""

import hashlib
import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from berth_local.cluster.errors import ClusterError
from images.archive import archive
from images.cache import Cache, recipe_of
from images.debian import SUITE, BuildError, mmdebstrap

PAUSE = "localhost/pause:1"
BUSYBOX = "localhost/busybox:1"
EMPTY = "localhost/empty:1"

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = [f"PATH={PATH}"]

_LAYOUT = "2"
"""Changed whenever this file makes other bytes of the same packages."""

Config = Mapping[str, object]


def build_pause(cache: Path) -> Path:
    """The image that holds a pod's network namespace: one program that sleeps."""
    return _build(cache, PAUSE, {"Entrypoint": ["/bin/sleep", "infinity"]}, _busybox_entries())


def build_busybox(cache: Path) -> Path:
    """The smallest image with a shell: Debian's static busybox with all its applets."""
    return _build(cache, BUSYBOX, {"Env": ENVIRONMENT, "Cmd": ["sh"]}, _busybox_entries())


def build_empty(cache: Path) -> Path:
    """An image without a single file: all that runs in it must be brought along."""
    return _build(cache, EMPTY, {"Env": ENVIRONMENT}, [])


def build_debian(cache: Path, packages: Sequence[str], name: str) -> Path:
    """Debian with these packages and what they need (about 30 s, once for each list and name).

    :param name: of the image, with its tag, such as `localhost/workspace:1`.
    :raises ClusterError: mmdebstrap failed; the text ends with its last lines.
    """
    chosen = sorted({"ca-certificates", *packages})
    # Pages that nobody reads in a container: a quarter of the image.
    unread = [
        f"--dpkgopt=path-exclude=/usr/share/{folder}/*"
        for folder in ("man", "doc", "locale", "info")
    ]

    def make(folder: Path) -> None:
        rootfs = folder / "rootfs.tar"
        options = ["--variant=minbase", f"--include={','.join(chosen)}", "--format=tar", *unread]
        mmdebstrap(options, rootfs)
        archive([rootfs], folder / "image.tar", [name], {"Env": ENVIRONMENT, "Cmd": ["sh"]})
        rootfs.unlink()

    try:
        return (
            _kept(cache, name).folder("image", recipe_of(_LAYOUT, SUITE, *chosen), make)
            / "image.tar"
        )
    except BuildError as error:
        raise ClusterError(str(error)) from None


def directory(name: str, mode: int = 0o755) -> tuple[tarfile.TarInfo, bytes]:
    """A folder of a layer, owned by root."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, mode
    return entry, b""


def file(name: str, content: bytes, mode: int = 0o644) -> tuple[tarfile.TarInfo, bytes]:
    """A file of a layer, owned by root."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    return entry, content


def link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    """A symbolic link of a layer."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    return entry, b""


def _busybox_entries() -> list[tuple[tarfile.TarInfo, bytes]]:
    program = shutil.which("busybox")
    if program is None:
        raise ClusterError("busybox is missing: install Debian's package busybox-static.")
    listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True)
    applets = sorted(set(listed.stdout.split()) - {"busybox"})
    return [
        directory("bin"),
        file("bin/busybox", Path(program).read_bytes(), 0o755),
        *(link(f"bin/{applet}", "busybox") for applet in applets),
        directory("etc"),
        file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n"),
        file("etc/group", b"root:x:0:\n"),
        directory("root", 0o700),
        directory("tmp", 0o1777),
    ]


def _build(
    cache: Path, name: str, config: Config, entries: Iterable[tuple[tarfile.TarInfo, bytes]]
) -> Path:
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry, content in entries:
            tar.addfile(entry, io.BytesIO(content))

    def make(folder: Path) -> None:
        (folder / "layer.tar").write_bytes(layer.getvalue())
        archive([folder / "layer.tar"], folder / "image.tar", [name], config)
        (folder / "layer.tar").unlink()

    return (
        _kept(cache, name).folder("image", recipe_of(_LAYOUT, layer.getvalue()), make) / "image.tar"
    )


def _kept(cache: Path, name: str) -> Cache:
    # One folder for each name, in which an older recipe gives way to a newer one.
    readable = name.rpartition("/")[2].replace(":", "-")
    return Cache(
        cache / "cluster-images" / f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    )
