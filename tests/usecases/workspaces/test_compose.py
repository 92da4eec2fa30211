import pytest

from chalicelib.devfile import read
from chalicelib.domain.agents.agent import AgentSettings
from chalicelib.domain.organisations.settings import GitHost
from chalicelib.domain.targets import TARGETS
from chalicelib.domain.targets.plan import WorkspacePlan
from chalicelib.domain.workspaces.workspace import DevfileSource
from chalicelib.usecases.workspaces.allowance import _is_under
from chalicelib.usecases.workspaces.compose import Composed, compose, is_on_hosts, published

SETTINGS = AgentSettings(zone="ws.example.com", default_disk_gib=10)
RICH = """\
schemaVersion: 2.2.2
components:
  - name: tools
    container:
      image: localhost/tools
      memoryLimit: 512Mi
      mountSources: true
      endpoints: [{name: web, targetPort: 8080, path: /app}, {name: db, targetPort: 5432, exposure: internal}]
      env: [{name: A, value: "1"}]
      volumeMounts: [{name: cache, path: /cache}]
  - name: side
    container: {image: localhost/side, cpuRequest: "3", mountSources: false}
  - name: prepare
    container: {image: localhost/prepare, command: [/prepare], cpuLimit: "64"}
  - name: cache
    volume: {size: 1500Mi}
  - name: scratch
    volume: {size: 100Gi, ephemeral: true}
commands:
  - {id: prepare, apply: {component: prepare}}
  - id: install
    exec:
      component: tools
      commandLine: make install
      workingDir: ${PROJECT_SOURCE}/a "b"
      env: [{name: X, value: it's}]
events: {preStart: [prepare], postStart: [install]}
"""


def composed(text: str = RICH, source: DevfileSource | None = None) -> Composed:
    return compose(read(text), source or DevfileSource(), SETTINGS)


def test_containers_that_stay_and_those_that_only_prepare_are_told_apart() -> None:
    """A container that preStart applies is in the plan for its command alone."""
    tools, side, prepare = composed().containers
    assert [tools.main, side.main] == [True, False]
    assert [tools.stays, side.stays, prepare.stays] == [True, True, False]
    assert [hook.argv for hook in prepare.before_start] == [()]
    assert prepare.command == ("/prepare",)


def test_amounts_are_whole_units_and_what_is_not_stated_gives_way() -> None:
    """Requests never exceed limits; stated amounts win over defaults; disk adds up, rounded up."""
    plan = composed()
    tools, side, _ = plan.containers
    assert (tools.memory_request, tools.memory_limit) == (256, 512)
    assert (side.cpu_request, side.cpu_limit) == (3_000, 3_000)
    assert plan.disk_gib == 10 + 2
    assert [(v.name, v.size_mib, v.ephemeral) for v in plan.volumes] == [
        ("cache", 1_500, False),
        ("scratch", 102_400, True),
    ]


def test_a_command_runs_in_its_directory_with_its_environment() -> None:
    """Values are quoted for the shell; the directory may name a variable and nothing else."""
    (hook,) = composed().containers[0].after_start
    assert hook.argv[:2] == ("/bin/sh", "-c")
    assert hook.argv[2].splitlines() == [
        "export X='it'\"'\"'s'",
        'cd "${PROJECT_SOURCE}/a \\"b\\"" || exit',
        "make install",
    ]


def test_only_public_web_endpoints_are_served_each_port_once_editor_first() -> None:
    """The proxy serves the editor and what the devfile makes public."""
    served = published(composed(), "terminal")
    assert [(each.port, each.exposure, each.path) for each in served] == [
        (7681, "private", ""),
        (8080, "private", "/app"),
    ]


def test_what_only_prepares_is_no_running_container_of_the_pod() -> None:
    """The rendered pod has the preparing container among its init containers and not beside the editor."""
    parts = composed()
    plan = WorkspacePlan(
        workspace_id="ws-abcdefghjkmn",
        workspace_name="demo",
        agent_id="ag-0123456789ab",
        organisation_id="org-0123456789ab",
        owner_id="usr-0123456789ab",
        editor="terminal",
        containers=parts.containers,
        volumes=parts.volumes,
        projects=parts.projects,
        disk_gib=parts.disk_gib,
        user_id=33333,
        variables=(),
        agent=SETTINGS,
    )
    frozen = TARGETS["kubernetes"].freeze(plan)
    pod = frozen["deployment"]["spec"]["template"]["spec"]
    assert [each["name"] for each in pod["containers"]] == ["tools", "side"]
    prepares = [each for each in pod["initContainers"] if each.get("command") == ["/prepare"]]
    assert [each["image"] for each in prepares] == ["localhost/prepare"]


def test_the_repository_is_the_project_only_when_the_devfile_names_none() -> None:
    """Its name is made of its address and fits where names go."""
    source = DevfileSource("https://git.example.com/acme/My_App.v2.git", ref="topic")
    (project,) = composed(source=source).projects
    assert (project.name, project.revision) == ("my-app-v2", "topic")
    named = (
        RICH
        + "projects: [{name: own, git: {remotes: {origin: 'https://git.example.com/x.git'}}}]\n"
    )
    assert [each.name for each in composed(named, source).projects] == ["own"]
    assert composed().projects == ()


def test_dependent_projects_come_beside_the_repository_or_the_projects() -> None:
    """They are cloned last, and the repository makes way where one of them has its folder."""
    text = """
schemaVersion: 2.2.2
components: [{name: dev, container: {image: a}}]
dependentProjects:
- {name: shop, git: {remotes: {origin: 'https://git.example.com/a/lib.git'}}}
"""
    source = DevfileSource("https://git.example.com/a/shop.git", "main")
    own = "projects: [{name: b, git: {remotes: {origin: 'https://git.example.com/a/b.git'}}}]\n"
    assert [each.path for each in composed(text, source).projects] == ["shop-2", "shop"]
    assert [each.path for each in composed(text + own, source).projects] == ["b", "shop"]


@pytest.mark.parametrize(
    "url, is_on",
    [
        ("https://git.example.com/a.git", True),
        ("https://GIT.example.com/a.git", True),
        ("https://git.example.com:443/a.git", True),
        ("https://git.example.com:8443/a.git", False),
        ("https://forge.example.com:8443/a.git", True),
        ("http://git.example.com/a.git", False),
        ("https://git.example.com.evil.example/a.git", False),
        ("https://git.example.com@evil.example/a.git", False),
        ("https://git.example.com:99999/a.git", False),
    ],
)
def test_an_address_is_on_a_git_host_by_host_and_port(url: str, *, is_on: bool) -> None:
    """Scheme, host and port all have to match; tricks with user names and suffixes do not."""
    hosts = [GitHost("git.example.com"), GitHost("forge.example.com", 8443)]
    assert is_on_hosts(url, hosts) is is_on


@pytest.mark.parametrize(
    "image, prefix, allowed",
    [
        ("registry.example/dev:1", "registry.example", True),
        ("registry.example/dev:1", "registry.example/", True),
        ("registry.example/team/dev", "registry.example/team", True),
        ("registry.example/dev:1", "registry.example/dev", True),
        ("registry.example.evil.com/dev", "registry.example", False),
        ("registry.example/team-b/dev", "registry.example/team", False),
        ("evil.com/registry.example/dev", "registry.example", False),
    ],
)
def test_a_prefix_of_images_ends_where_a_part_of_the_name_ends(
    image: str, prefix: str, allowed: bool
) -> None:
    """A host or path that merely begins like an allowed one is not allowed."""
    assert _is_under(image, prefix) is allowed
