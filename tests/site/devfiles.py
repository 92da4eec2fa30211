"""Devfiles for the tests: a small main container, and what a test adds to it."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from berth_local.cluster.images import BUSYBOX

MAIN = "main"


def devfile(
    *,
    image: str = BUSYBOX,
    main: Mapping[str, Any] | None = None,
    beside: Sequence[Mapping[str, Any]] = (),
    **members: Any,
) -> str:
    """Return a devfile. ``main`` are further fields of the main container, ``beside`` further components."""
    container = {"image": image, "memoryLimit": "256Mi", "cpuLimit": "500m", **(main or {})}
    first = {"name": MAIN, "attributes": {"berth.dev/main": True}, "container": container}
    document = {
        "schemaVersion": "2.3.0",
        "metadata": {"name": "tested"},
        "components": [first, *beside],
        **members,
    }
    return yaml.safe_dump(document, sort_keys=False)


def component(name: str, script: str, *, image: str = BUSYBOX, **fields: Any) -> dict[str, Any]:
    """Return a component that runs a shell script."""
    container = {
        "image": image,
        "memoryLimit": "64Mi",
        "cpuLimit": "200m",
        "command": ["sh", "-c"],
        "args": [script],
        **fields,
    }
    return {"name": name, "container": container}


def project(name: str, url: str, revision: str = "") -> dict[str, Any]:
    """Return a project that is cloned from a repository."""
    git: dict[str, Any] = {"remotes": {"origin": url}}
    if revision:
        git["checkoutFrom"] = {"revision": revision}
    return {"name": name, "git": git}
