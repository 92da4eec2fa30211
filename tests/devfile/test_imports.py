"""Parents and plugins are put in as the standard says, within bounds, and what is wrong is named at its place."""

import json
import time
from dataclasses import replace

import pytest

from chalicelib.devfile import Reading, RegistryEntry, TreeFile, WebAddress, read
from chalicelib.devfile.imports import flatten
from tests.devfile.shelf import Shelf, flat, problems_with

BASE = """\
schemaVersion: 2.2.0
variables: {tag: '12', other: a}
attributes: {team: {name: one, size: 2}}
components:
- name: dev
  container:
    image: debian:{{tag}}
    env: [{name: A, value: '1'}, {name: B, value: '2'}]
    args: [a, b]
- name: cache
  volume: {}
- name: sidecar
  container: {image: redis}
commands:
- {id: build, exec: {component: dev, commandLine: make}}
- {id: test, exec: {component: dev, commandLine: make test}}
events: {postStart: [build]}
"""
CHILD = """\
schemaVersion: 2.3.0
parent: {uri: base.yaml}
"""


def test_a_parent_is_read_and_its_elements_come_first() -> None:
    """Components of the parent stand before those of the devfile; events are joined, each command once."""
    text = f"""\
{CHILD}components:
- {{name: own, volume: {{}}}}
commands:
- {{id: start, exec: {{component: dev, commandLine: run}}}}
events: {{postStart: [start, build]}}
"""
    devfile = read(text, Reading(resolver=Shelf({"base.yaml": BASE})))
    assert [volume.name for volume in devfile.volumes] == ["cache", "own"]
    assert devfile.main_container.image == "debian:12"
    assert devfile.events.post_start == ("build", "start")


OVERRIDES = [
    ("variables: {tag: '13'}", ("variables",), {"tag": "13", "other": "a"}),
    ("attributes: {team: {name: two}}", ("attributes",), {"team": {"name": "two"}}),
    (
        "components: [{name: dev, container: {env: [{name: B, value: x}, {name: C, value: y}]}}]",
        ("components", 0, "container", "env"),
        [{"name": "A", "value": "1"}, {"name": "B", "value": "x"}, {"name": "C", "value": "y"}],
    ),
    (
        "components: [{name: dev, container: {args: [c]}}]",
        ("components", 0, "container", "args"),
        ["c"],
    ),
    (
        "components: [{name: dev, container: {args: [], image: ''}}]",
        ("components", 0, "container", "args"),
        ["a", "b"],
    ),
    (
        "components: [{name: dev, container: {mountSources: false}}]",
        ("components", 0, "container", "mountSources"),
        False,
    ),
    (
        "components: [{name: sidecar, volume: {size: 1Gi}}]",
        ("components", 2),
        {"name": "sidecar", "volume": {"size": "1Gi"}},
    ),
    (
        "commands: [{id: test, exec: {commandLine: true}}]".replace("true", "'true'"),
        ("commands", 1, "exec"),
        {"component": "dev", "commandLine": "true"},
    ),
]


@pytest.mark.parametrize("override, path, expected", OVERRIDES)
def test_overriding(override: str, path: tuple[str | int, ...], expected: object) -> None:
    """Named elements are merged, other lists and attributes replaced, and an empty value changes nothing."""
    found: object = flat(f"{CHILD}".replace("}", f", {override}}}"), {"base.yaml": BASE})
    for step in path:
        assert isinstance(found, dict | list)
        found = found[step]  # type: ignore[index]  # the path says which of the two
    assert found == expected


def test_overridden_elements_keep_the_order_that_the_standard_gives() -> None:
    """Override elements come in their own order, each other one as soon as it stood before the next of those."""
    text = "{schemaVersion: 2.3.0, parent: {uri: base.yaml, components: [{name: sidecar, container: {}}, {name: dev, container: {}}]}}"
    components = flat(text, {"base.yaml": BASE})["components"]
    assert isinstance(components, list)
    assert [each["name"] for each in components] == ["cache", "sidecar", "dev"]


WRONG = [
    (
        "parent: {uri: base.yaml, components: [{name: nobody, volume: {}}]}",
        ("override-unknown", "", "parent.components[0]", 2),
    ),
    (
        "parent: {uri: base.yaml, variables: {nobody: a}}",
        ("override-unknown", "", "parent.variables.nobody", 2),
    ),
    ("parent: {uri: base.yaml}\nvariables: {tag: a}", ("merge-conflict", "", "variables.tag", 3)),
    (
        "parent: {uri: base.yaml}\ncomponents: [{name: dev, volume: {}}]",
        ("merge-conflict", "", "components[0]", 3),
    ),
    ("parent: {uri: gone.yaml}", ("import-missing", "", "parent", 2)),
    ("parent: {uri: ../base.yaml}", ("import-address", "", "parent", 2)),
    ("parent: {uri: /base.yaml}", ("import-address", "", "parent", 2)),
    ("parent: {uri: 'http://host.example/a'}", ("import-address", "", "parent", 2)),
    ("parent: {uri: 'file:///etc/passwd'}", ("import-address", "", "parent", 2)),
    ("parent: {uri: 'https://me:pw@host.example/a'}", ("import-address", "", "parent", 2)),
    ("parent: {uri: 'https://169.254.169.254/latest'}", ("import-refused", "", "parent", 2)),
    ("parent: {uri: 'https://host.example/a#b'}", ("import-address", "", "parent", 2)),
    ("parent: {id: node, registryUrl: 'http://a'}", ("import-address", "", "parent", 2)),
    ("parent: {kubernetes: {name: a}}", ("unsupported", "", "parent.kubernetes", 2)),
    ("parent: {uri: newer.yaml}", ("import-version", "", "parent", 2)),
    ("parent: {uri: self.yaml}", ("import-cycle", "self.yaml", "parent", 2)),
    ("parent: {uri: devfile.yaml}", ("import-cycle", "", "parent", 2)),
    ("parent: {uri: broken.yaml}", ("yaml-syntax", "broken.yaml", "", 1)),
    ("parent: {uri: wrong.yaml}", ("port", "wrong.yaml", "components[0].container.endpoints[0].targetPort", 3)),
    ("parent: {uri: base.yaml, components: [{name: cache, container: {}}]}", ("missing", "", "parent.components[0].container", 2)),
    (
        "parent: {uri: base.yaml, components: [{name: dev, container: {env: [{name: C}]}}]}",
        ("missing", "", "parent.components[0].container.env[0]", 2),
    ),
]  # fmt: skip
FILES = {
    "base.yaml": BASE,
    "newer.yaml": BASE.replace("2.2.0", "2.3.0"),
    "self.yaml": "schemaVersion: 2.0.0\nparent: {uri: ./self.yaml}",
    "broken.yaml": "}",
    "wrong.yaml": "schemaVersion: 2.0.0\ncomponents:\n- {name: a, container: {image: b, endpoints: [{name: c, targetPort: 99999}]}}\n",
}


@pytest.mark.parametrize("members, expected", WRONG)
def test_what_is_wrong_with_an_import(members: str, expected: tuple[str, str, str, int]) -> None:
    """Each problem has one code, and the file, path and line where it was written."""
    found = problems_with(f"schemaVersion: 2.2.2\n{members}", FILES)
    assert [(p.code, p.file, p.path, p.line) for p in found] == [expected]


def test_all_problems_of_an_import_and_of_the_devfile_are_told_at_once() -> None:
    """The devfile's own come first, then those of the import, each with its file."""
    text = "schemaVersion: 2.2.2\nparent: {uri: wrong.yaml}\ncommands: [{id: a, exec: {component: b, commandLine: c}}]"
    found = [(problem.code, problem.file) for problem in problems_with(text, FILES)]
    assert found == [("command-component", ""), ("port", "wrong.yaml")]


def test_nothing_is_fetched_for_a_devfile_that_is_refused_anyway() -> None:
    """The schema of the devfile itself comes before its imports."""
    shelf = Shelf(FILES)
    with pytest.raises(Exception, match="unknown-key"):
        read("schemaVersion: 2.2.2\nnonsense: 1\nparent: {uri: base.yaml}", Reading(resolver=shelf))
    assert shelf.asked == []


def test_plugins_of_the_first_version() -> None:
    """A plugin is replaced by what it brings, overridden, and may be named like an element of it."""
    text = """
        schemaVersion: 2.0.0
        components:
        - name: dev
          plugin:
            uri: plugin.yaml
            components: [{name: dev, container: {image: fedora}}]
        - name: cache
          volume: {}
        """
    plugin = (
        "schemaVersion: 2.0.0\ncomponents: [{name: dev, container: {image: debian, args: [a]}}]"
    )
    assert flat(text, {"plugin.yaml": plugin})["components"] == [
        {"name": "dev", "container": {"image": "fedora", "args": ["a"]}},
        {"name": "cache", "volume": {}},
    ]


def test_references_are_resolved_from_the_file_they_stand_in() -> None:
    """A relative path starts at the folder of its own file, an address at its own address."""
    files = {
        "stacks/base.yaml": "{schemaVersion: 2.2.0, parent: {uri: ../more/top.yaml}}",
        "more/top.yaml": "{schemaVersion: 2.2.0, parent: {uri: 'https://host.example/a/b.yaml'}}",
        "https://host.example/a/b.yaml": "{schemaVersion: 2.2.0, parent: {uri: ../c.yaml}}",
        "https://host.example/c.yaml": "{schemaVersion: 2.2.0, parent: "
        "{id: x/y, registryUrl: 'https://host.example/r', version: 1.0.0}}",
        "https://host.example/r/x/y/1.0.0": BASE,
    }
    shelf = Shelf(files)
    read("{schemaVersion: 2.2.0, parent: {uri: ./stacks/base.yaml}}", Reading(resolver=shelf))
    assert shelf.asked == [
        TreeFile("stacks/base.yaml"),
        TreeFile("more/top.yaml"),
        WebAddress("https://host.example/a/b.yaml"),
        WebAddress("https://host.example/c.yaml"),
        RegistryEntry("x/y", "1.0.0", "https://host.example/r"),
    ]


def _chain(length: int) -> dict[str, str]:
    steps = {
        f"{n}.yaml": f"{{schemaVersion: 2.0.0, parent: {{uri: {n + 1}.yaml}}}}"
        for n in range(length)
    }
    return steps | {f"{length}.yaml": "schemaVersion: 2.0.0\ncomponents: [{name: a, container: {image: b}}]"}  # fmt: skip


def test_imports_may_be_so_deep() -> None:
    """Eight files are followed, a ninth is refused where it is named."""
    assert problems_with("{schemaVersion: 2.0.0, parent: {uri: 0.yaml}}", _chain(7)) == ()
    (found,) = problems_with("{schemaVersion: 2.0.0, parent: {uri: 0.yaml}}", _chain(8))
    assert (found.code, found.file) == ("import-too-deep", "7.yaml")


def _plugins(count: int, text: str) -> tuple[str, dict[str, str]]:
    components = [
        {"name": f"p{n}", "plugin": {"uri": f"{n}.yaml"}} for n in range(count)
    ]  # JSON is YAML
    files = {f"{n}.yaml": text.replace("#", str(n)) for n in range(count)}
    return json.dumps({"schemaVersion": "2.0.0", "components": components}), files


def test_imports_may_be_so_many_and_so_large() -> None:
    """Number, bytes and values of all imports together are bounded."""
    small = "schemaVersion: 2.0.0\ncomponents: [{name: a#, container: {image: b}}]"
    most = flatten.MAX_IMPORTS
    found = {problem.code for problem in problems_with(*_plugins(most + 1, small))}
    assert found == {"import-too-large"}
    assert {problem.code for problem in problems_with(*_plugins(most, small))} == set()
    large = small.replace("container", f"attributes: {{k: {'x' * 60_000}}}, container")
    assert {p.code for p in problems_with(*_plugins(3, large))} == {"import-too-large"}
    keys = ", ".join(f"k{n}: a" for n in range(2400))
    many = small.replace("container", f"attributes: {{{keys}}}, container")
    assert "import-too-large" in {p.code for p in problems_with(*_plugins(5, many))}


def test_the_most_that_may_be_imported_is_judged_in_a_second() -> None:
    """A chain of eight files, each overriding all of the one before, wrongly, with as much as fits."""
    names = [f"c{number}" for number in range(120)]
    volumes = [{"name": name, "volume": {"size": "bad"}} for name in names]
    head = {"schemaVersion": "2.2.0"}
    files = {"7.yaml": json.dumps(head | {"components": volumes})}
    for number in range(7):
        parent = {"uri": f"{number + 1}.yaml", "components": volumes[::-1]}
        files[f"{number}.yaml"] = json.dumps(head | {"parent": parent})
    text = json.dumps(head | {"parent": {"uri": "0.yaml", "components": volumes}})
    problems_with(text, files)
    began = time.process_time()
    found = problems_with(text, files)
    assert time.process_time() - began < 1
    assert {problem.code for problem in found} == {"quantity", "too-many-problems"}


def test_a_flattened_devfile_says_the_same() -> None:
    """What is printed flat is a devfile without imports, and reading it gives the same value."""
    text = f"{CHILD}components:\n- {{name: own, volume: {{}}}}\n"
    shelf = Shelf({"base.yaml": BASE})
    alone = json.dumps(flat(text, {"base.yaml": BASE}))
    both = read(alone), read(text, Reading(resolver=shelf))
    first, second = (replace(devfile, notices=()) for devfile in both)
    assert first == second
    assert len(both[0].notices) == len(both[1].notices)


def test_without_a_resolver_an_import_is_refused_by_name() -> None:
    """The room opens nothing by itself."""
    with pytest.raises(Exception, match=r"`parent` is not supported.*\[unsupported\]"):
        read(CHILD)
