"""What a path of the API names."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from berth_kube import kinds
from berth_kube.kinds import Kind

_KINDS = {(kind.api_version, kind.plural): kind for kind in kinds.ALL}


class Address(NamedTuple):
    """A collection (without ``name``), an object, or a ``part`` of it such as ``status``."""

    kind: Kind
    namespace: str
    name: str
    part: str


_VERSIONS = frozenset(kind.api_version for kind in kinds.ALL)


def is_group(path: str) -> bool:
    """Whether a path is inside an API group and version that is served."""
    words = path.strip("/").split("/")
    return (words[1] if words[0] == "api" else "/".join(words[1:3])) in _VERSIONS


@lru_cache(maxsize=4096)
def address_of(path: str) -> Address | None:
    """Return what is served there, None for nothing."""
    words = path.strip("/").split("/")
    if words[0] == "api" and len(words) > 2:
        version, rest = words[1], words[2:]
    elif words[0] == "apis" and len(words) > 3:
        version, rest = f"{words[1]}/{words[2]}", words[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and (version, rest[2]) in _KINDS:
        namespace, rest = rest[1], rest[2:]
    kind = _KINDS.get((version, rest[0]))
    if kind is None or len(rest) > 3 or kind.namespaced < bool(namespace):
        return None
    name, part = (*rest[1:], "", "")[:2]
    return Address(kind, namespace, name, part)


def group_of(kind: Kind) -> str:
    """API group of a kind, empty for the core."""
    return kind.api_version.rpartition("/")[0]


@lru_cache(maxsize=64)
def resource_of(kind: Kind) -> str:
    """How error messages call a kind: ``configmaps``, ``deployments.apps``."""
    group = group_of(kind)
    return f"{kind.plural}.{group}" if group else kind.plural
