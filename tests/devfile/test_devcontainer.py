"""A devcontainer.json that names an image is a devfile in other words; what is more is refused by name."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chalicelib.devfile import (
    Devfile,
    DevfileRefused,
    Finding,
    Reading,
    TreeFile,
    flattened,
    read,
)
from chalicelib.devfile.devcontainer.properties import REFUSED, WITHOUT_EFFECT

HOW = Reading(place=TreeFile(".devcontainer/devcontainer.json"), project="shop")


def reading(**members: Any) -> Devfile:
    """What a file with an image and these members is read as."""
    return read(json.dumps({"image": "registry.example/dev:1", **members}), HOW)


def findings(text: str) -> list[tuple[str, str, int]]:
    """Why a text is refused: code, path and line of each problem."""
    with pytest.raises(DevfileRefused) as refused:
        read(text, HOW)
    return [(each.code, each.path, each.line) for each in refused.value.problems]


def problems(**members: Any) -> list[tuple[str, str]]:
    """Why a file with an image and these members is refused."""
    text = json.dumps({"image": "registry.example/dev:1", **members})
    return [(code, path) for code, path, _ in findings(text)]


def paths(found: tuple[Finding, ...]) -> list[str]:
    return [each.path for each in found]


def test_comments_and_commas_at_the_end_are_no_faults() -> None:
    """The file is JSON as editors write it: with comments, tabs, and a comma after the last member."""
    text = '// first\n{\n\t"image": "a//b", /* a "b"\n */ "forwardPorts": [80, /*,*/ 81,],\n}\n'
    found = read(text, HOW)
    assert found.main_container.image == "a//b"
    assert [each.target_port for each in found.main_container.endpoints] == [80, 81]


def test_a_finding_has_the_line_and_path_of_the_file() -> None:
    """Whatever finds a fault, also what only a devfile's rules know, tells where it was written."""
    text = (
        '{ // a\n "image": "no image",\n "containerEnv": {\n  "BERTH_X": "1" },\n'
        ' "forwardPorts": [\n  99999 ],\n "mounts": [\n  "target=/etc" ]\n}'
    )
    assert findings(text) == [
        ("image", "image", 2),
        ("reserved-env", "containerEnv.BERTH_X", 4),
        ("port", "forwardPorts[0]", 6),
        ("reserved-mount-path", "mounts[0]", 8),
    ]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_supported_is_refused_by_name(name: str) -> None:
    """A member that asks for what a workspace has not is refused, and none is when it asks for nothing."""
    assert problems(**{name: {"a": "b"}}) == [("unsupported", name)]
    assert reading(**{name: None}).main == "dev"


def test_a_build_is_refused_once() -> None:
    """A file that builds its image is refused for that, not for the image that is missing."""
    assert findings('{"build": {"dockerfile": "Dockerfile"}}') == [("unsupported", "build", 1)]
    assert findings("{}") == [("missing", "", 1)]


@pytest.mark.parametrize("name", [*WITHOUT_EFFECT, "foo"])
def test_what_has_no_effect_is_told(name: str) -> None:
    """A member that changes nothing is accepted, with a notice that names it."""
    assert paths(reading(**{name: {"a": "b"}}).notices) == [name]


def test_the_environment_is_that_of_the_container_and_of_its_terminals() -> None:
    """`remoteEnv` counts over `containerEnv`, null removes, and what only the image knows is not set."""
    found = reading(
        containerEnv={"A": "1", "B": "${localEnv:HOME:none}", "C": "3"},
        remoteEnv={"A": "${containerEnv:A}0", "C": None, "PATH": "${containerEnv:PATH}:/x"},
    )
    assert {each.name: each.value for each in found.main_container.env} == {"A": "10", "B": "none"}
    assert paths(found.notices) == ["remoteEnv.PATH"]


def test_variables_stand_for_the_folder_of_the_project() -> None:
    """Folder and name of the checked-out repository are put in, wherever they are asked for."""
    names = ("containerWorkspaceFolder", "localWorkspaceFolder", "localWorkspaceFolderBasename")
    found = reading(containerEnv={name: f"${{{name}}}" for name in names} | {"X": "${other}"})
    assert [each.value for each in found.main_container.env] == [
        "/workspaces/shop",
        "/workspaces/shop",
        "shop",
        "${other}",
    ]


@pytest.mark.parametrize(
    "folder, root, told",
    [
        ("/workspaces/${localWorkspaceFolderBasename}", "/workspaces", []),
        ("/home/dev/shop", "/home/dev", []),
        ("/workspaces/shop/api", "/workspaces", ["workspaceFolder"]),
        ("/shop", "/workspaces", ["workspaceFolder"]),
    ],
)
def test_the_project_is_where_it_is_asked_for_if_it_can_be(
    folder: str, root: str, told: list[str]
) -> None:
    """`workspaceFolder` says where the repository is, as long as it is a folder of its name."""
    found = reading(workspaceFolder=folder)
    assert (found.main_container.source_mapping, paths(found.notices)) == (root, told)


def test_ports_are_endpoints() -> None:
    """Each port is one endpoint, however often and in whatever form it is written."""
    found = reading(
        forwardPorts=[3000, "localhost:3001", "3000"],
        appPort=["8080:80", 3001],
        portsAttributes={
            "3001": {"protocol": "https", "label": "Web"},
            "80": {"onAutoForward": "ignore"},
        },
    )
    ports = [(e.name, e.protocol, e.exposure) for e in found.main_container.endpoints]
    assert ports == [
        ("port-3000", "http", "public"),
        ("port-3001", "https", "public"),
        ("port-80", "http", "none"),
    ]


@pytest.mark.parametrize(
    "members, expected",
    [
        ({"forwardPorts": ["db:5432"]}, ("port", "forwardPorts[0]")),
        ({"forwardPorts": ["web"]}, ("port", "forwardPorts[0]")),
        ({"forwardPorts": [True]}, ("port", "forwardPorts[0]")),
        ({"forwardPorts": 80}, ("wrong-type", "forwardPorts")),
        ({"appPort": {"a": 1}}, ("wrong-type", "appPort")),
        ({"mounts": "target=/x"}, ("wrong-type", "mounts")),
        ({"containerEnv": ["A=1"]}, ("wrong-type", "containerEnv")),
        ({"workspaceFolder": 1}, ("wrong-type", "workspaceFolder")),
        (
            {"forwardPorts": [1], "portsAttributes": {"1": {"protocol": "ftp"}}},
            ("not-one-of", "portsAttributes.1.protocol"),
        ),
        ({"mounts": ["type=bind,source=/,target=/x"]}, ("unsupported", "mounts[0]")),
        ({"mounts": ["type=volume,source=a"]}, ("missing", "mounts[0]")),
        ({"mounts": [1]}, ("wrong-type", "mounts[0]")),
        ({"runArgs": ["--name", "x", "--gpus=all"]}, ("unsupported", "runArgs[2]")),
        ({"hostRequirements": {"gpu": True}}, ("unsupported", "hostRequirements.gpu")),
        ({"hostRequirements": {"cpus": "2"}}, ("quantity", "hostRequirements.cpus")),
        ({"hostRequirements": {"memory": "much"}}, ("quantity", "hostRequirements.memory")),
        ({"image": 1}, ("wrong-type", "image")),
        ({"containerEnv": {"A": 1}}, ("wrong-type", "containerEnv.A")),
        ({"remoteEnv": {"A": 1}}, ("wrong-type", "remoteEnv.A")),
        ({"postStartCommand": 1}, ("wrong-type", "postStartCommand")),
        ({"onCreateCommand": {"a": [1]}}, ("wrong-type", "onCreateCommand.a")),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(
    members: Mapping[str, Any], expected: tuple[str, str]
) -> None:
    """A value that cannot be meant so is refused at its place."""
    assert problems(**members) == [expected]


def test_mounts_are_volumes_of_the_workspace() -> None:
    """A volume that is mounted twice is one; a `tmpfs` is emptied at each start."""
    found = reading(
        mounts=[
            "source=${localWorkspaceFolderBasename}-cache,target=/cache,type=volume",
            {"source": "shop-cache", "target": "/again", "type": "volume"},
            {"target": "/scratch", "type": "tmpfs"},
        ]
    )
    mounted = [(each.volume, each.path) for each in found.main_container.mounts]
    assert mounted == [
        ("volume-shop-cache", "/cache"),
        ("volume-shop-cache", "/again"),
        ("mount-3", "/scratch"),
    ]
    assert [(each.name, each.ephemeral) for each in found.volumes] == [
        ("volume-shop-cache", False),
        ("mount-3", True),
    ]


def test_volumes_with_long_names_stay_two() -> None:
    """Names that are cut keep what sets them apart."""
    found = reading(
        mounts=[f"source={'s' * 60}-{name},target=/{name}" for name in ("node", "cache")]
    )
    assert len({each.name for each in found.volumes}) == 2


def test_what_a_machine_should_have_is_requested() -> None:
    """Processors and memory become requests, in Kubernetes's units."""
    found = reading(hostRequirements={"cpus": 4, "memory": "8gb", "storage": "32gb"})
    assert (found.main_container.cpu_request, found.main_container.memory_request) == ("4", "8Gi")
    assert paths(found.notices) == ["hostRequirements.storage"]


def started(folder: Path, **members: Any) -> list[str]:
    """Run what a start runs, in a home and a project of its own; return what it has written so far."""
    (step,) = reading(**members).post_start
    assert step.working_dir == "$PROJECT_SOURCE"
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder / "home"), "SET": "yes"}
    (folder / "home").mkdir(exist_ok=True)
    (folder / "shop").mkdir(exist_ok=True)
    subprocess.run(
        ["/bin/sh", "-c", step.command_line],
        cwd=folder / "shop",
        env=environment,
        check=False,
        timeout=10,
    )
    said = folder / "shop" / "said"
    return said.read_text().split() if said.exists() else []


def test_commands_run_once_or_at_each_start(tmp_path: Path) -> None:
    """The three commands of the creation run at the first start and in their order; the last at each."""
    life = {
        "onCreateCommand": "echo one >>said # and no more",
        "updateContentCommand": ["sh", "-c", "echo 'two' >>said"],
        "postCreateCommand": "echo ${containerEnv:SET:no} >>said",
        "postStartCommand": "printf '%s\\n' '{{start}}' >>said",
    }
    first = ["one", "two", "yes", "{{start}}"]
    assert started(tmp_path, **life) == first
    assert started(tmp_path, **life) == [*first, "{{start}}"]


def test_a_command_that_fails_stops_those_behind_it_and_is_tried_again(tmp_path: Path) -> None:
    """What follows a failure does not run; the next start begins anew."""
    life = {
        "onCreateCommand": "echo try >>said; [ -e ready ]",
        "postCreateCommand": "echo made >>said",
        "postStartCommand": "echo start >>said",
    }
    assert started(tmp_path, **life) == ["try"]
    (tmp_path / "shop" / "ready").touch()
    assert started(tmp_path, **life) == ["try", "try", "made", "start"]


def test_commands_of_an_object_run_at_the_same_time(tmp_path: Path) -> None:
    """Each of them runs, although the first one waits for what the second one does."""
    wait = "until [ -e there ]; do :; done; echo waited >>said"
    life = {"postCreateCommand": {"a": wait, "b": ["touch", "there"]}}
    assert started(tmp_path, **life) == ["waited"]


def test_a_devfile_says_the_same() -> None:
    """What is printed as the devfile of a devcontainer.json is read as the same workspace."""
    text = json.dumps(
        {"image": "registry.example/dev:1", "forwardPorts": [80], "postStartCommand": "make serve"}
    )
    again = read(json.dumps(flattened(text, HOW)))
    assert again == read(text, HOW)


HOSTILE = {
    "a text without an end": '{"image": "' + '\\"' * 32_000,
    "comments without an end": "{" + "/*" * 32_000,
    "comments alone": "//" * 32_000,
    "quotes": '"' * 65_000,
    "brackets": "[" * 60_000,
    "too large": '{"image": "' + "a" * 70_000 + '"}',
    "no UTF-8": b"\xff{}",
    "nothing": "",
    "a list": "[]",
    "many ports": json.dumps({"image": "a", "forwardPorts": list(range(1, 4_000))}),
    "variables of variables": json.dumps(
        {
            "image": "a",
            "containerEnv": {f"A{n}": f"${{containerEnv:A{n + 1}}}" for n in range(900)},
        }
    ),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_are_refused(text: str | bytes) -> None:
    """Whatever the text, the answer is a refusal that names a line."""
    with pytest.raises(DevfileRefused) as refused:
        read(text, HOW)
    assert all(each.line > 0 for each in refused.value.problems)
