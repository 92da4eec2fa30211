"""What a child may say otherwise of what its parent brings."""

from random import Random
from typing import Any

Tree = dict[str, Any]

_ARGS: tuple[list[str], ...] = ([], ["q"], ["a", "b"])
_CHANGES: dict[str, Tree] = {
    "env": {"value": "other"},
    "endpoints": {"targetPort": 1234},
    "volumeMounts": {"path": "/other"},
}


def override(parent: Tree, chance: Random) -> Tree:
    """Members beside a reference to ``parent``: some of its elements changed, in any order."""
    found: Tree = {
        "components": _some(parent.get("components", ()), chance, _component),
        "commands": _some(parent.get("commands", ()), chance, _command),
        "projects": _some(parent.get("projects", ()), chance, _project),
    }
    if parent.get("variables") and chance.random() < 0.5:
        found["variables"] = {chance.choice(list(parent["variables"])): "other"}
    if chance.random() < 0.05:
        found["components"] = [*found["components"], {"name": "nobody", "volume": {}}]
    return {key: value for key, value in found.items() if value}


def _some(elements: Any, chance: Random, change: Any) -> list[Tree]:
    """Changes of some elements, in another order."""
    found = [change(each, chance) for each in elements if chance.random() < 0.4]
    found = [each for each in found if each]
    chance.shuffle(found)
    return found


def _component(component: Tree, chance: Random) -> Tree:
    if "volume" in component:
        kind = (
            {"volume": {"size": "7Gi"}}
            if chance.random() < 0.7
            else {"container": {"image": "other"}}
        )
        return {"name": component["name"], **kind}
    if "container" not in component:
        return {}
    base, patch = component["container"], dict[str, Any]()
    values = {
        "image": "other",
        "args": list(chance.choice(_ARGS)),
        "mountSources": False,
        "memoryLimit": "",
    }
    for key, value in values.items():
        if chance.random() < 0.3:
            patch[key] = value
    for key, change in _CHANGES.items():
        if chance.random() < 0.5:
            patch[key] = _named(base.get(key, ()), chance, change)
    return {"name": component["name"], "container": patch}


def _named(items: Any, chance: Random, change: Tree) -> list[Tree]:
    """Some of the named items changed, and sometimes one more."""
    found = [{"name": each["name"], **change} for each in items if chance.random() < 0.5]
    chance.shuffle(found)
    return (
        [*found, {"name": "onemore", **change}]
        if chance.random() < 0.4 and "path" not in change
        else found
    )


def _command(command: Tree, chance: Random) -> Tree:
    if "exec" in command:
        env = [{"name": "F", "value": "3"}, {"name": "E", "value": "2"}]
        return {"id": command["id"], "exec": {"commandLine": "other", "env": env}}
    if "composite" in command and chance.random() < 0.5:
        return {
            "id": command["id"],
            "composite": {"parallel": False, "commands": command["composite"]["commands"][:1]},
        }
    return {}


def _project(project: Tree, _: Random) -> Tree:
    remotes = {"second": "https://git.example.com/b.git"}
    return {
        "name": project["name"],
        "git": {"remotes": remotes, "checkoutFrom": {"remote": "second"}},
    }
