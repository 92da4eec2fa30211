"""What is a safe path inside a container, and inside the root of the projects."""

import posixpath

MOST_CHARACTERS = 255

_KERNEL, _SYSTEM, _KUBERNETES, _BERTH = (
    "the kernel's",
    "the system's",
    "Kubernetes's",
    "Berth's own",
)
_TREES = {
    "/proc": _KERNEL,
    "/sys": _KERNEL,
    "/dev": _KERNEL,
    "/run/secrets": _KUBERNETES,
    "/var/run/secrets": _KUBERNETES,
}
"""Folders in which nothing can be mounted, or must not be."""
_PLACES = {
    **dict.fromkeys(("/bin", "/boot", "/etc", "/lib", "/lib32", "/lib64", "/libx32"), _SYSTEM),
    **dict.fromkeys(("/sbin", "/usr", "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/sbin"), _SYSTEM),
    **dict.fromkeys(("/etc/hostname", "/etc/hosts", "/etc/resolv.conf"), _KUBERNETES),
    "/home/berth": _BERTH,
}
"""Folders and files that the container needs itself; in the folders, a volume may be mounted."""
_BERTH_PREFIX = "/.berth"

_CLONE_SCRATCH = ".berth-clone-"
"""How the folders begin that a clone under way is made in, and that are removed at the next start."""


def normal(path: str) -> str:
    """The absolute ``path`` in its one shortest spelling."""
    return "/" + posixpath.normpath(path).lstrip("/")


def is_mount_path(path: str) -> bool:
    """Whether a volume can be mounted at ``path``: absolute, not the root, without ``..`` or ``:``."""
    return (
        path.startswith("/")
        and normal(path) != "/"
        and len(path) <= MOST_CHARACTERS
        and path.isprintable()
        and ":" not in path
        and ".." not in path.split("/")
    )


def owner_of(path: str) -> str:
    """Return whose the place is where nothing of a devfile may be mounted, empty where it may."""
    place = normal(path)
    if place.startswith(_BERTH_PREFIX):
        return _BERTH
    trees = (owner for tree, owner in _TREES.items() if f"{place}/".startswith(f"{tree}/"))
    return next(trees, _PLACES.get(place, ""))


def is_inner_path(path: str) -> bool:
    """Whether ``path`` is relative, stays below where it starts and is no part of a repository or of a clone."""
    parts = path.split("/")
    return (
        0 < len(path) <= MOST_CHARACTERS
        and path.isprintable()
        and not path.startswith(("/", "-"))
        and "\\" not in path
        and ".." not in parts
        and ".git" not in (part.lower() for part in parts)
        and posixpath.normpath(path) != "."
        and not posixpath.normpath(path).startswith(_CLONE_SCRATCH)
    )
