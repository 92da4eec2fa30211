"""Mounts of a devcontainer.json, as volumes of a devfile."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.devfile.devcontainer.substitution import Words
from chalicelib.devfile.document import View
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review

_KINDS = ("volume", "tmpfs")
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume, where it is mounted, and where that was written."""

    written: View
    volume: str
    path: str
    ephemeral: bool

    @property
    def component(self) -> dict[str, Any]:
        """The volume as a component of a devfile."""
        volume = {"ephemeral": True} if self.ephemeral else {}
        return {"name": self.volume, "volume": volume}


def mounts_of(root: View, words: Words, review: Review) -> Iterator[Mount]:
    """Yield each mount: of type `volume`, kept with the workspace, or `tmpfs`, emptied at each start."""
    for number, view in enumerate(root.items("mounts"), start=1):
        said = _said(view.value)
        if said is None:
            message = "A mount is a text such as `type=volume,target=/data`, or an object."
            review.problem("wrong-type", view.path, message)
            continue
        kind, target = said.get("type", "volume"), _target(said)
        if kind not in _KINDS:
            message = f"A mount of type {quoted(kind)} is not supported: there is no machine to mount from; use `volume`."
            review.problem("unsupported", view.path, message)
        elif not target:
            review.problem("missing", view.path, "A mount needs a `target`, an absolute path.")
        else:
            name = _name(words.put_in(said.get("source") or said.get("src") or ""), number)
            yield Mount(view, name, words.put_in(target), kind == "tmpfs")


def _said(value: Any) -> Mapping[str, str] | None:
    if isinstance(value, dict):
        return value if all(isinstance(each, str) for each in value.values()) else None
    if not isinstance(value, str):
        return None
    pairs = (part.partition("=") for part in value.split(","))
    return {name.strip(): given.strip() for name, _, given in pairs}


def _target(said: Mapping[str, str]) -> str:
    return next((said[key] for key in ("target", "destination", "dst") if said.get(key)), "")


def _name(source: str, number: int) -> str:
    """Return a name that a devfile can have; a volume that is mounted twice is one volume."""
    plain = re.sub(r"[^a-z0-9]+", "-", source.lower()).strip("-")
    if not plain:
        return f"mount-{number}"
    if len(plain) > _LONGEST:
        plain = f"{plain[: _LONGEST - 9]}-{hashlib.sha256(source.encode()).hexdigest()[:8]}"
    return f"volume-{plain}"
