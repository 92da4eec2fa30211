"""Layer tars: a folder as one tar whose bytes depend on names, content and permissions alone."""

import tarfile
from collections.abc import Iterator
from pathlib import Path


def write_layer(folder: Path, out: Path, *, prefix: str = "") -> Path:
    """Tar the content of `folder` under `prefix` into `out`, and return `out`.

    Sorted by name, owner 0:0, time 0. Permissions are normalised: readable by all, writable by the owner alone,
    executable where the owner may execute, no setuid and no setgid.
    """
    with tarfile.open(out, "w", format=tarfile.PAX_FORMAT) as tar:
        for parent in _parents(prefix):
            tar.addfile(_folder_member(parent))
        for path in sorted(folder.rglob("*")):
            _add(tar, path, str(Path(prefix) / path.relative_to(folder)))
    return out


def _parents(prefix: str) -> Iterator[str]:
    parts = Path(prefix).parts
    return ("/".join(parts[: count + 1]) for count in range(len(parts)))


def _folder_member(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = tarfile.DIRTYPE
    member.mode = 0o755
    return member


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    member = tar.gettarinfo(path, arcname=name)
    if member.islnk():  # hard links are an accident of how the folder was made
        member.type, member.linkname, member.size = tarfile.REGTYPE, "", path.stat().st_size
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = _normal_mode(member)
    if member.isreg():
        with path.open("rb") as file:
            tar.addfile(member, file)
    else:
        tar.addfile(member)


def _normal_mode(member: tarfile.TarInfo) -> int:
    if member.issym():
        return 0o777
    executable = member.isdir() or member.mode & 0o100
    return 0o755 if executable else 0o644
