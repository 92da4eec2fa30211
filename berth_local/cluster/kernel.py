"""Two calls of the kernel that Python has only from 3.12 on: setns(2) and unshare(2). They move the calling thread."""

import ctypes
import os

CLONE_NEWNS = 0x00020000
"""A mount namespace."""
CLONE_NEWNET = 0x40000000
"""A network namespace."""


def enter(namespace: int, kind: int) -> None:
    """Join the namespace behind a file descriptor of `/proc/PID/ns/*`. Sockets and files opened before stay as they are."""
    _call("setns", namespace, kind)


def leave(kind: int) -> None:
    """Move to a new namespace, a copy of the one before."""
    _call("unshare", kind)


def _call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
