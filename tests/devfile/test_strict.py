"""The strict profile takes what GitLab workspaces take; each of its rules is shown on one devfile."""

import pytest

from chalicelib.devfile import DevfileRefused, Reading, read

STRICT = Reading(profile="strict")
GOOD = """\
schemaVersion: 2.2.0
components:
- name: tooling
  attributes: {gl/inject-editor: true}
  container:
    image: debian
- name: data
  volume: {}
commands:
- {id: hello, exec: {component: tooling, commandLine: make, hotReloadCapable: false}}
events: {postStart: [hello]}
"""


def strict_problems(text: str) -> list[tuple[str, str]]:
    """Code and path of what the strict profile says."""
    try:
        read(text, STRICT)
    except DevfileRefused as refused:
        return [(problem.code, problem.path) for problem in refused.problems]
    return []


def test_a_devfile_of_gitlab_runs_here_unchanged() -> None:
    """Its marked component is the main container, in both profiles."""
    assert read(GOOD, STRICT) == read(GOOD)
    assert read(GOOD).main == "tooling"


@pytest.mark.parametrize(
    "before, after, path",
    [
        ("2.2.0", "2.2.2", "schemaVersion"),
        ("commands:", "projects: []\ncommands:", "projects"),
        ("commands:", "attributes: {pod-overrides: {}}\ncommands:", "attributes.pod-overrides"),
        ("    image: debian", "    image: debian\n    mountSources: true", "components[0].container.mountSources"),
        ("    image: debian", "    image: debian\n    command: [a]", "components[0].container.command"),
        ("gl/inject-editor: true", "gl/inject-editor: true, overrideCommand: 1", "components[0].attributes.overrideCommand"),
        ("gl/inject-editor: true", "x: true", "components"),
        ("name: data", "name: " + "d" * 29, "components[1].name"),
        ("name: data", "name: gl-data", "components[1].name"),
        ("hotReloadCapable: false", "hotReloadCapable: true", "commands[0].exec.hotReloadCapable"),
        ("hotReloadCapable: false", "group: {kind: build}", "commands[0].exec.group"),
        ("postStart: [hello]", "preStop: [hello]", "events.preStop"),
        ("commands:", "variables: {GL_a: b}\ncommands:", "variables.GL_a"),
    ],
)  # fmt: skip
def test_what_it_refuses(before: str, after: str, path: str) -> None:
    """One member is wrong, and it alone is named."""
    assert before in GOOD
    found = [
        found for found in strict_problems(GOOD.replace(before, after)) if found[0] == "strict"
    ]
    assert found == [("strict", path)]
