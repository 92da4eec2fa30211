"""What a devfile may say of projects, beside what the program that clones them takes."""

import json
from typing import Any

import pytest

from chalicelib.devfile import DevfileRefused, read
from images.tools.content import clone
from tests.devfile.samples import with_root

HTTPS = "https://git.example.com/team/app.git"
LONGEST = "r" * 63

TAKEN: list[dict[str, Any]] = [
    {"remotes": {"origin": HTTPS}},
    {"remotes": {"Up.stream_1-x": HTTPS}},
    {"remotes": {LONGEST: HTTPS}},
    {"remotes": {"a": HTTPS, "b": HTTPS}, "remote": "b"},
    {"remotes": {"a": HTTPS}, "revision": "feature/one"},
    {"remotes": {"a": HTTPS}, "path": "team/app"},
]
REFUSED: list[dict[str, Any]] = [
    {"remotes": {}},
    {"remotes": {"_x": HTTPS}},
    {"remotes": {".x": HTTPS}},
    {"remotes": {"-x": HTTPS}},
    {"remotes": {"a b": HTTPS}},
    {"remotes": {"a/b": HTTPS}},
    {"remotes": {"\u00e4": HTTPS}},
    {"remotes": {LONGEST + "r": HTTPS}},
    {"remotes": {"a": "git@git.example.com:team/app.git"}},
    {"remotes": {"a": HTTPS, "b": "git@git.example.com:team/app.git"}, "remote": "a"},
    {"remotes": {"a": HTTPS, "b": "ssh://git@git.example.com/team/app.git"}, "remote": "a"},
    {"remotes": {"a": HTTPS, "b": "http://git.example.com/team/app.git"}, "remote": "a"},
    {"remotes": {"a": HTTPS, "_b": HTTPS}, "remote": "a"},
    {"remotes": {"a": "file:///etc"}},
    {"remotes": {"a": "https://me:word@git.example.com/team/app.git"}},
    {"remotes": {"a": HTTPS}, "remote": "b"},
    {"remotes": {"a": HTTPS}, "revision": "--help"},
    {"remotes": {"a": HTTPS}, "revision": "a..b"},
    {"remotes": {"a": HTTPS}, "revision": "a b"},
    {"remotes": {"a": HTTPS}, "path": "/a"},
    {"remotes": {"a": HTTPS}, "path": "a/../../b"},
    {"remotes": {"a": HTTPS}, "path": "."},
    {"remotes": {"a": HTTPS}, "path": ".berth-clone-x"},
    {"remotes": {"a": HTTPS}, "path": "./.berth-clone-x/a"},
]


def at_creation(project: dict[str, Any]) -> bool:
    """Whether the devfile is read, where the program would be given the project later."""
    checkout = {name: project[name] for name in ("remote", "revision") if name in project}
    git = {"remotes": project["remotes"], **({"checkoutFrom": checkout} if checkout else {})}
    entry = {"name": "app", "git": git}
    if "path" in project:
        entry["clonePath"] = project["path"]
    try:
        read(with_root(f"projects: {json.dumps([entry])}"))
    except DevfileRefused:
        return False
    return True


def at_run_time(project: dict[str, Any]) -> bool:
    """Whether the program takes the project as a container is told it."""
    checkout = {"remote": project.get("remote"), "revision": project.get("revision", "")}
    entry = {"name": "app", "remotes": project["remotes"], "checkout_from": checkout}
    entry["clone_path"] = project.get("path", "app")
    try:
        clone.projects_of(json.dumps([entry]))
    except clone.CloneError:
        return False
    return True


@pytest.mark.parametrize(
    "project, taken",
    [(each, True) for each in TAKEN] + [(each, False) for each in REFUSED],
    ids=str,
)
def test_creation_and_clone_agree(project: dict[str, Any], taken: bool) -> None:
    """What the program that clones refuses at the first start is refused when the workspace is created."""
    assert (at_creation(project), at_run_time(project)) == (taken, taken)
