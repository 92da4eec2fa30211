"""What is a safe path inside a container, and inside the root of the projects."""

import posixpath

MOST_CHARACTERS = 255


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


def is_inner_path(path: str) -> bool:
    """Whether ``path`` is relative, stays below where it starts and names no part of a git repository."""
    parts = path.split("/")
    return (
        0 < len(path) <= MOST_CHARACTERS
        and path.isprintable()
        and not path.startswith(("/", "-"))
        and "\\" not in path
        and ".." not in parts
        and ".git" not in (part.lower() for part in parts)
        and posixpath.normpath(path) != "."
    )
