"""A devfile is read into a typed value, or refused with every problem and its place."""

import subprocess
import sys
from textwrap import dedent

from chalicelib.devfile import Devfile, read
from chalicelib.devfile.model import (
    Command,
    Composite,
    Container,
    Endpoint,
    EnvVar,
    Events,
    Exec,
    Project,
    Remote,
    Volume,
    VolumeMount,
)
from tests.devfile.samples import MINIMAL, found, problems, with_container, with_root

RICH = """\
schemaVersion: 2.2.2
metadata:
  name: rich
  architectures: [amd64]
variables:
  tag: "3.11"
components:
- name: prepare
  container:
    image: debian:12
    mountSources: false
- name: dev
  container:
    image: python:{{tag}}
    command: [sleep]
    args: [infinity]
    env:
    - name: GREETING
      value: hello {{ tag }}
    endpoints:
    - name: web
      targetPort: 8080
      secure: true
    - name: admin
      targetPort: 9000
      exposure: none
      protocol: tcp
    volumeMounts:
    - name: cache
    memoryLimit: 1Gi
    memoryRequest: 512Mi
    cpuLimit: "2"
    sourceMapping: /src/
- name: cache
  volume:
    size: 2Gi
    ephemeral: true
commands:
- id: prepare
  apply:
    component: prepare
- id: install
  exec:
    component: dev
    commandLine: make install
    workingDir: ${PROJECT_SOURCE}
    group:
      kind: build
      isDefault: true
- id: all
  composite:
    commands: [install, install]
events:
  preStart: [prepare]
  postStart: [all]
projects:
- name: app
  git:
    checkoutFrom:
      revision: main
    remotes:
      origin: https://git.example.com/team/app.git
"""


def test_every_part_arrives_in_the_model() -> None:
    """Containers, volumes, endpoints, commands, events and projects are typed, with defaults and variables filled in."""
    assert read(RICH) == Devfile(
        schema_version="2.2.2",
        name="rich",
        main="dev",
        architectures=("amd64",),
        containers=(
            Container("prepare", "debian:12", mount_sources=False),
            Container(
                "dev",
                "python:3.11",
                command=("sleep",),
                args=("infinity",),
                env=(EnvVar("GREETING", "hello 3.11"),),
                endpoints=(
                    Endpoint("web", 8080, secure=True),
                    Endpoint("admin", 9000, "none", "tcp"),
                ),
                mounts=(VolumeMount("cache", "/cache"),),
                memory_limit="1Gi",
                memory_request="512Mi",
                cpu_limit="2",
                source_mapping="/src",
            ),
        ),
        volumes=(Volume("cache", "2Gi", ephemeral=True),),
        commands=read(RICH).commands,
        events=Events(pre_start=("prepare",), post_start=("all",)),
        projects=(
            Project(
                "app",
                "app",
                (Remote("origin", "https://git.example.com/team/app.git"),),
                "origin",
                "main",
            ),
        ),
    )
    assert read(RICH).commands[1:] == (
        Command(
            "install",
            group="build",
            is_default=True,
            exec=Exec("dev", "make install", "${PROJECT_SOURCE}"),
        ),
        Command("all", composite=Composite(("install", "install"))),
    )


def test_events_are_resolved() -> None:
    """Init containers, running containers and commands after the start are given in order, composites expanded."""
    devfile = read(RICH)
    assert [container.name for container in devfile.init_containers] == ["prepare"]
    assert [container.name for container in devfile.running_containers] == ["dev"]
    assert [step.command_line for step in devfile.post_start] == ["make install"] * 2
    assert devfile.pre_stop == ()
    assert devfile.main_container.name == "dev"
    assert devfile.projects[0].clone_url == "https://git.example.com/team/app.git"


TEN_FAULTS = """\
schemaVersion: 2.2.0
metadata:
  name: ten
components:
- name: Dev
  container:
    image: "debian 12"
    memoryLimit: lots
    endpoints:
    - name: web
      targetPort: 70000
    volumeMounts:
    - name: nowhere
    env:
    - name: PROJECT_SOURCE
      value: 1
- name: spare
parent:
  uri: http://169.254.169.254/latest/meta-data
commands:
- id: run
  exec:
    component: ghost
    commandLine: make
events:
  postStart: [build]
"""


def test_ten_faults_are_one_answer() -> None:
    """Ten different faults are named at once, in document order, each with its place."""
    assert found(TEN_FAULTS) == [
        ("wrong-form", "components[0].name", 5),
        ("image", "components[0].container.image", 7),
        ("quantity", "components[0].container.memoryLimit", 8),
        ("port", "components[0].container.endpoints[0].targetPort", 11),
        ("unknown-volume", "components[0].container.volumeMounts[0].name", 13),
        ("reserved-env", "components[0].container.env[0].name", 15),
        ("wrong-type", "components[0].container.env[0].value", 16),
        ("kind-missing", "components[1]", 17),
        ("unsupported", "parent", 18),
        ("command-component", "commands[0].exec.component", 23),
        ("event-unknown", "events.postStart[0]", 26),
    ]


def test_messages_say_what_to_do() -> None:
    """Messages name the element, the fault and the remedy, with no word of the schema's machinery."""
    messages = {problem.code: problem.message for problem in problems(TEN_FAULTS)}
    assert messages["kind-missing"] == (
        "The component `spare` has no kind; give it one of `container` or `volume`."
    )
    assert messages["wrong-type"] == "`value` is text, not the number `1`; put it in quotes."
    assert (
        messages["unsupported"]
        == "`parent` is not supported: copy what it brings into this devfile."
    )
    assert messages["unknown-volume"] == (
        "There is no volume component `nowhere`; add one, or mount another volume."
    )
    assert not any("oneOf" in message or "schema" in message for message in messages.values())


def test_columns_point_at_the_key() -> None:
    """Line and column, both from 1, are those of the member's key."""
    (problem,) = problems(with_container("imagePullPolicy: Always"))
    assert (problem.line, problem.column) == (8, 5)
    assert problem.message.startswith("`container` has no `imagePullPolicy`;")


def test_the_main_container_can_be_chosen() -> None:
    """The attribute names the main container; else it is the first that mounts the sources and keeps running."""
    text = MINIMAL + dedent("""\
        - name: other
          attributes:
            berth.dev/main: true
          container:
            image: debian:12
        """)
    assert read(text).main == "other"
    assert read(text.replace("main: true", "main: false")).main == "dev"
    unmounted = with_container("mountSources: false") + text.removeprefix(MINIMAL)
    assert read(unmounted.replace("main: true", "main: false")).main == "other"


def test_what_has_no_effect_is_told() -> None:
    """Starter projects and attributes of other programs are accepted, and the author is told of each."""
    devfile = read(
        with_root("""
            attributes:
              other.example/tool: 1
            starterProjects:
            - name: starter
              git:
                remotes:
                  origin: https://git.example.com/a.git
            """)
    )
    assert [(notice.code, notice.path, notice.line) for notice in devfile.notices] == [
        ("without-effect", "attributes", 8),
        ("without-effect", "starterProjects", 10),
    ]


def test_unknown_variables_stay_and_are_told() -> None:
    """A name without a variable keeps its text; the text put in is not looked at again."""
    text = with_root("variables:\n  a: '{{b}}'\n  b: x").replace(
        "image: debian:12", "image: debian:12\n    args: ['{{a}}', '{{ c }}']"
    )
    devfile = read(text)
    assert devfile.containers[0].args == ("{{b}}", "{{ c }}")
    assert [(notice.code, notice.path) for notice in devfile.notices] == [
        ("unknown-variable", "components[0].container.args[1]")
    ]


def test_importing_the_room_loads_no_schema_library() -> None:
    """A program that only knows the model does not pay for validation."""
    script = "import sys, chalicelib.devfile; sys.exit('jsonschema' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
