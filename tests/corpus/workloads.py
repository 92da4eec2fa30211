"""Judges of what Berth makes of a devfile in a cluster, beside what the DevWorkspace Operator makes of it.

The cases are written for the operator's typed objects, so they are read below the schema, and only
what both have is compared; each judge says what that is.
"""

from typing import Any

from chalicelib.devfile import Devfile
from chalicelib.devfile.build import built
from chalicelib.devfile.document import View
from chalicelib.devfile.quantities import quantity
from chalicelib.devfile.review import Review
from chalicelib.devfile.rules import check_rules
from chalicelib.devfile.support import check_support
from chalicelib.domain.agents.agent import AgentSettings
from chalicelib.domain.workspaces.workspace import DevfileSource
from chalicelib.usecases.workspaces.compose import compose
from chalicelib.usecases.workspaces.preview import preview
from tests.corpus.cases import Answer, Case, compared
from tests.corpus.trees import document_of

MAIN = {"name": "main", "container": {"image": "main"}, "attributes": {"berth.dev/main": True}}
"""A case need not have a container for an editor; a workspace does."""
GIT = {"git": {"remotes": {"origin": "https://git.example.com/a.git"}}}


def devfile(tree: dict[str, Any]) -> Devfile:
    """The typed value of a tree that no schema has judged, but every rule."""
    components = [MAIN, *(tree.get("components") or ())]
    projects = [{**project, **GIT} for project in tree.get("projects") or ()]
    # Ids of devfiles are in lower case; the operator's types do not ask for that.
    commands = [{**each, "id": each["id"].lower()} for each in tree.get("commands") or ()]
    document = document_of(
        {**tree, "components": components, "projects": projects, "commands": commands}
    )
    review, root = Review(document), View(document.tree)
    check_support(root, review, can_import=False)
    check_rules(root, review)
    review.refuse_if_problems()
    return built(root, ())


def by_prestart(case: Case) -> Answer:
    """Which containers run before the others, in which order, and which stay."""
    given = case.tree()
    found = devfile(given["input"])
    return compared(
        {
            "initContainers": [each.name for each in found.init_containers],
            "mainContainers": [each.name for each in found.running_containers[1:]],
        },
        {key: [each["name"] for each in given["output"][key]] for key in
         ("initContainers", "mainContainers")},
    )  # fmt: skip


def by_hooks(case: Case) -> Answer:
    """What runs in which container at an event, line by line; wrappers and log files are each program's own."""
    given = case.tree()
    event = case.check.rpartition(":")[2]
    containers = given["input"].get("containers") or ()
    components = [
        {"name": each["name"], "container": {"image": each["image"]}} for each in containers
    ]
    found = devfile({**given["input"]["devfile"], "components": components})
    planned = compose(found, DevfileSource(), AgentSettings(zone="")).containers
    ours = {
        each.name: [
            line
            for hook in (each.after_start if event == "postStart" else each.before_stop)
            for line in hook.argv[-1].replace('cd "', "cd ").replace('" || exit', "").splitlines()
        ]
        for each in planned
    }
    theirs = {
        each["name"]: _lines(each["lifecycle"][event]["exec"]["command"][-1])
        for each in given["output"].get("containers") or ()
        if "lifecycle" in each
    }
    return compared(ours, theirs)


def _lines(script: str) -> list[str]:
    return [line for line in script.splitlines() if line[:1] not in ("{", "}")]


def by_container(case: Case) -> Answer:
    """Names and images; the order of the environment; where the projects are; resources that are stated.

    ``"-1"``, the operator's word for "none", is left out of the input.
    """
    given = case.tree()
    for component in given["input"]["components"]:
        stated = component.get("container", {})
        for key in [key for key, value in stated.items() if value == "-1"]:
            del stated[key]
    ours = {
        each["name"]: each
        for each in pod(preview(devfile(given["input"])))["containers"]
        if each["name"] != "main"
    }
    theirs = {each["name"]: each for each in given["output"]["podAdditions"]["containers"]}
    stated = {
        component["name"]: component.get("container", {})
        for component in given["input"]["components"]
    }
    return compared(
        {name: _common(each, stated[name]) for name, each in ours.items()},
        {name: _common(each, stated[name]) for name, each in theirs.items()},
    )


def _common(container: dict[str, Any], stated: dict[str, Any]) -> dict[str, Any]:
    mounts = container.get("volumeMounts") or ()
    names = [each["name"] for each in container["env"]]
    resources = container["resources"]
    return {
        "image": container["image"],
        "environment": list(
            dict.fromkeys(name for name in names if not name.startswith(("BERTH_", "DEVWORKSPACE")))
        ),
        "values": {each["name"]: each["value"] for each in container["env"] if "PROJECT" in each["name"]},
        "projects": [
            each["mountPath"]
            for each in mounts
            if each["name"] == "projects" or each.get("subPath") == "projects"
        ],
        "resources": {
            f"{kind}{side}": quantity(str(resources[f"{side.lower()}s"][kind]))
            for kind in ("memory", "cpu")
            for side in ("Limit", "Request")
            if f"{kind}{side}" in stated
        },
    }  # fmt: skip


def by_environment(case: Case) -> Answer:
    """Whether the environment that a plugin asks for in every container is there."""
    given = case.tree()
    tree = given["input"]["devworkspace"]
    events = {
        {"prestart": "preStart"}.get(key, key): value
        for key, value in (tree.get("events") or {}).items()
    }
    components = [each for each in tree["components"] if "plugin" not in each]
    found = preview(devfile({**tree, "components": components, "events": events}))
    wanted = given["output"].get("workspaceEnv")
    have = [
        {"name": each["name"], "value": each["value"]}
        for each in pod(found)["containers"][0]["env"]
    ]
    return compared([each for each in have if each in (wanted or [])], wanted)


def by_overrides(case: Case) -> Answer:
    """Whether pods and containers may be overridden: by nobody."""
    given = case.tree()["input"]
    tree = given.get("workspace") or {"components": [given["component"]]}
    devfile(tree)
    return Answer("not refused")


def by_storage(case: Case) -> Answer:
    """Which folder of the one claim, or which emptyDir, each container sees where."""
    given = case.tree()
    pods = given["input"].get("podAdditions") or {}
    components = [
        _mounting(each)
        for kind in ("containers", "initContainers")
        for each in pods.get(kind) or ()
    ]
    volumes = [
        each for each in given["input"]["workspace"].get("components") or () if "volume" in each
    ]
    found = pod(preview(devfile({"components": [*components, *volumes]})))
    ours = {
        each["name"]: _places(each["volumeMounts"], found["volumes"])
        for each in found["containers"]
        if each["name"] != "main"
    }
    additions = (given.get("output") or {}).get("podAdditions") or {}
    theirs = {
        each["name"].lower(): _places(each["volumeMounts"], additions["volumes"])
        for kind in ("containers", "initContainers")
        for each in additions.get(kind) or ()
    }
    return compared(ours, theirs)


def _mounting(container: dict[str, Any]) -> dict[str, Any]:
    """The component whose container has these mounts."""
    mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    own: dict[str, Any] = {
        "image": "a",
        "mountSources": "projects" in mounts,
        "volumeMounts": [
            {"name": name, "path": path} for name, path in mounts.items() if name != "projects"
        ],
    }
    if "projects" in mounts:
        own["sourceMapping"] = mounts["projects"]
    return {"name": container["name"].lower(), "container": own}


def _places(mounts: list[dict[str, Any]], volumes: list[dict[str, Any]]) -> dict[str, Any]:
    """By place: the last folder in the claim, or ``emptyDir``; tools and home are Berth's own."""
    kinds = {each["name"]: each for each in volumes}
    return {
        each["mountPath"]: each["subPath"].rpartition("/")[2] if "subPath" in each else "emptyDir"
        for each in mounts
        if "emptyDir" in kinds[each["name"]] or "subPath" in each
        if not each["mountPath"].startswith("/.berth")
    }


def pod(objects: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """The specification of the workspace's pod."""
    (deployment,) = (each for each in objects if each["kind"] == "Deployment")
    specification: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return specification
