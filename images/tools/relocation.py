"""Debian's programs made to live under ``/.berth``: their paths are replaced by others of exactly the same length.

Slashes may repeat, so any shorter path under ``/.berth`` can be padded. Nothing inside the file moves, thus no
offset, hash table or section changes, no environment variable is needed, and nothing leaks into the user's programs.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from images.architectures import Architecture
from images.debian import BuildError

ROOT = "/.berth"
RUN = "/.berth-run"

_DEFAULT_FOLDERS = b"/lib/\0/usr/lib/\0"
_NO_FOLDERS = b"/dev/\0/dev/////\0"


@dataclass(frozen=True, slots=True)
class Replacement:
    """Bytes for bytes of the same length."""

    old: bytes
    new: bytes

    def __post_init__(self) -> None:
        if len(self.old) != len(self.new):
            raise BuildError(
                f"{self.old!r} and {self.new!r} differ in length: the replacement would move the file's parts"
            )


def fitted(old: str, new: str) -> Replacement:
    """`old` replaced by `new`, which lies under `ROOT` and is padded with slashes after it."""
    slashes = len(old) - len(new)
    if slashes < 0 or not new.startswith(f"{ROOT}/"):
        raise BuildError(
            f"{new} cannot take the place of {old}: it must lie under {ROOT} and not be longer"
        )
    return Replacement(old.encode(), f"{ROOT}{'/' * slashes}{new.removeprefix(ROOT)}".encode())


def path_replacements(architecture: Architecture) -> tuple[Replacement, ...]:
    """Every path that Debian's programs look up, in the order in which they must be replaced (longer ones first)."""
    table = (
        (f"/usr/lib/{architecture.triplet}", "/.berth/lib"),
        (f"/lib/{architecture.triplet}", "/.berth/lib"),
        (architecture.loader, architecture.bundle_loader),
        ("/etc/ld.so.cache", "/.berth/ld.cache"),  # neither this
        (
            "/etc/ld.so.preload",
            "/.berth/ld.preload",
        ),  # nor this exists: the loader sees no cache and no preload
        ("/etc/nsswitch.conf", "/.berth/nsswit.cnf"),
        ("/etc/nsswitch.co", "/.berth/nsswit.c"),  # gcc keeps the first 16 bytes of the name apart
        ("/etc/passwd", "/.berth/pwd"),
        ("/etc/group", "/.berth/gr"),
        ("/etc/shadow", "/.berth/shd"),
        ("/usr/lib/ssl", "/.berth/ssl"),
        ("/etc/ssl/", "/.berth//"),
        ("/usr/lib/locale", "/.berth/locale"),
        ("/usr/lib/git-core", "/.berth/git-core"),
        ("/usr/share/git-core", "/.berth/sh/git-core"),
        ("/etc/gitconfig", "/.berth/gitcfg"),
        ("/usr/share/vim", "/.berth/sh/vim"),
        ("/usr/share/locale", "/.berth/sh/locale"),
        ("/usr/share/terminfo", "/.berth/sh/terminfo"),
        ("/etc/vim/vimrc", "/.berth/vimrc"),
        ("/etc/bash.bashrc", "/.berth/bashrc"),
        ("/var/lib/vim/addons", "/.berth/novim"),
        ("/etc/gnutls/config", "/.berth/gnutls"),
        ("/usr/share/p11-kit/modules", "/.berth/sh/p11"),
    )
    return tuple(fitted(old, new) for old, new in table)


def relocated(content: bytes, replacements: Iterable[Replacement]) -> bytes:
    """A program or library with every occurrence of every path replaced; as long as before."""
    for replacement in replacements:
        content = content.replace(replacement.old, replacement.new)
    return content


def blinded(loader: bytes, architecture: Architecture) -> bytes:
    """The relocated dynamic loader, which from now on finds libraries in the bundle's folder only.

    Its built-in folders of the image are gone, and on amd64 it no longer knows the variables that would add others.
    """
    folders = "".join(
        f"{folder}/{architecture.triplet}/\0" for folder in ("/lib", "/usr/lib")
    ).encode()
    ours = relocated(folders, path_replacements(architecture))
    # The list is there twice: for the search itself and for `ld.so --help`.
    loader = replaced_exactly(2, loader, Replacement(ours + _DEFAULT_FOLDERS, ours + _NO_FOLDERS))
    for seen, unseen in architecture.blind_spots:
        loader = replaced_exactly(1, loader, Replacement(seen, unseen))
    return loader


def replaced_exactly(times: int, content: bytes, replacement: Replacement) -> bytes:
    """`content` with that many occurrences replaced. Another number of them means another program: `BuildError`."""
    found = content.count(replacement.old)
    if found != times:
        raise BuildError(
            f"{replacement.old!r} was found {found} times, not {times}: this glibc is not the one that was studied"
        )
    return content.replace(replacement.old, replacement.new)


def relocated_script(content: bytes) -> bytes:
    """A script of git's with its interpreter in the bundle; it falls back to our small programs for what the image lacks."""
    line, _, rest = content.partition(b"\n")
    if not line.startswith(b"#!"):
        return content
    if not line.split()[-1].endswith(b"sh"):
        raise BuildError(f"no program of the bundle runs a script that begins with {line!r}")
    return f"#!{ROOT}/bin/sh\nPATH=$PATH:{ROOT}/bb\n".encode() + rest
