"""What an image is called, and what it says of itself."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from chalicelib.wire import VERSION

LOCAL = "localhost"
"""Prefix of images that come from no registry."""
TAGS = ("dev", VERSION)
"""`dev` is whatever was built last; nobody finds out from it what runs."""

_REPOSITORY = Path(__file__).resolve().parent.parent


def names(image: str, prefix: str = LOCAL) -> list[str]:
    """The references of an image such as `berth-agent`, `dev` first."""
    return [f"{prefix.rstrip('/')}/{image}:{tag}" for tag in TAGS]


def labels(image: str) -> Mapping[str, str]:
    """The labels of an image, by the OCI image specification (annotations.md)."""
    said = {"title": image, "version": VERSION, "licenses": "Apache-2.0", "revision": revision()}
    return {f"org.opencontainers.image.{key}": value for key, value in said.items() if value}


def revision() -> str:
    """The commit that our code is of, with `-dirty` where it was changed since; empty outside of git."""
    words = ["git", "describe", "--always", "--exclude=*", "--abbrev=40", "--dirty"]
    done = subprocess.run(words, cwd=_REPOSITORY, capture_output=True, text=True, check=False)
    return done.stdout.strip()
