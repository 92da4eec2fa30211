from dataclasses import replace

import pytest

from chalicelib.adapters.stores.limits import size_of_item
from chalicelib.domain.access.roles import Role
from chalicelib.domain.errors import Clash, Forbidden, Invalid, Missing, TooMany
from chalicelib.domain.organisations.settings import GitHost, OrganisationSettings
from chalicelib.domain.targets.kubernetes.reasons.table import ROWS
from chalicelib.domain.targets.kubernetes.wording import LONGEST_MESSAGE
from chalicelib.domain.variables.variable import Variable, VariableKind
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.domain.workspaces.workspace import Reason
from chalicelib.ports.store import Update, Value
from chalicelib.records import keys, plans, sealed
from chalicelib.records.idempotency import Attempt
from chalicelib.records.placement import Placement
from chalicelib.records.states import to_item
from chalicelib.usecases.workspaces.change import change_workspace, terminate_workspace
from chalicelib.usecases.workspaces.create import create_workspace
from chalicelib.usecases.workspaces.draft import WorkspaceRequest
from chalicelib.usecases.workspaces.read import list_variables, show_workspace
from chalicelib.usecases.workspaces.source import Repository
from tests.builders import (
    DEVFILE,
    PaperCluster,
    World,
    add_agent,
    add_member,
    create,
    make_world,
)

REPOSITORY = "https://git.example.com/acme/Sample_App.git"
PLAIN = """\
schemaVersion: 2.2.2
components: [{name: main, container: {image: localhost/berth-workspace:dev}}]
"""


def test_a_new_workspace_is_wanted_running_and_served_at_its_editor(world: World) -> None:
    """What was created is shown as asked for, with the editor's endpoint first and the devfile's next."""
    view = show_workspace(world.ports, world.person, create(world, "demo"))
    state = view.state
    assert (state.desired, state.actual) == (DesiredState.RUNNING, ActualState.CREATION_REQUESTED)
    assert (state.generation, state.acknowledged) == (1, 0)
    assert [endpoint.port for endpoint in view.workspace.endpoints] == [7681, 8080]
    assert view.zone == "ws.example.com"
    assert not view.agent_online


def test_every_problem_of_a_request_is_named_at_once(world: World) -> None:
    """Name, editor, agent, variable and devfile are all told, each with its place."""
    request = WorkspaceRequest(
        name="Not A Name",
        agent_id="ag-zzzzzzzzzzzz",
        editor="emacs",
        devfile="schemaVersion: 2.2.2\ncomponents: [{name: main}]\n",
        variables=(Variable("9", VariableKind.ENVIRONMENT, "x"),),
    )
    with pytest.raises(Invalid) as refused:
        create_workspace(world.ports, world.person, request)
    pointers = {problem.pointer for problem in refused.value.problems}
    assert pointers == {"#/name", "#/editor", "#/agent_id", "#/variables/0/name", "#/devfile"}
    assert world.store.writes == 0


def test_the_problems_of_a_devfile_have_line_and_column(world: World) -> None:
    """A fault inside the devfile is told with its line, beside what the agent does not allow."""
    broken = DEVFILE.replace("targetPort: 8080", "targetPort: 99999")
    with pytest.raises(Invalid) as refused:
        create_workspace(
            world.ports, world.person, WorkspaceRequest("demo", world.agent_id, devfile=broken)
        )
    assert [problem.line for problem in refused.value.problems] == [5]


def test_what_agent_and_organisation_do_not_allow_is_refused_with_every_reason(
    world: World,
) -> None:
    """Image, CPU, memory, disk and git host beyond the settings are five problems."""
    key = keys.agent(world.organisation.id, world.agent_id)
    narrow: dict[str, Value] = {
        "zone": "z",
        "image_prefixes": ["registry.example.com/"],
        "max_disk_gib": 5,
    }
    narrow |= {"max_cpu_millis": 1_000, "max_memory_mib": 1_000}
    world.store.write(Update(key, set={"settings": narrow}))
    elsewhere = DEVFILE.replace("git.example.com", "evil.example.com")
    request = WorkspaceRequest("demo", world.agent_id, devfile=elsewhere)
    with pytest.raises(Invalid) as refused:
        create_workspace(world.ports, world.person, request)
    assert [problem.code for problem in refused.value.problems] == [
        "image-not-allowed",
        "too-much-cpu",
        "too-much-memory",
        "too-much-disk",
        "git-host-not-allowed",
    ]


def test_every_remote_is_on_a_host_that_may_be_reached(world: World) -> None:
    """A second remote elsewhere is refused by its address: it would fail at the first start."""
    remote = "https://evil.example.com/other.git"
    two = DEVFILE.replace(
        "remotes: {", f"checkoutFrom: {{remote: origin}}, remotes: {{up: {remote}, "
    )
    with pytest.raises(Invalid) as refused:
        create_workspace(
            world.ports, world.person, WorkspaceRequest("demo", world.agent_id, devfile=two)
        )
    assert [(each.code, remote in each.message) for each in refused.value.problems] == [
        ("git-host-not-allowed", True)
    ]


HIDDEN = """\
schemaVersion: 2.3.0
components:
  - name: main
    container: {image: localhost/dev}
  - name: prepare
    container: {image: localhost/prepare, PREPARE}
  - name: scratch
    volume: {ephemeral: true, SCRATCH}
commands:
  - {id: prepare, apply: {component: prepare}}
events: {preStart: [prepare]}
"""


@pytest.mark.parametrize(
    "prepare, scratch, codes",
    [
        ("cpuLimit: '1e30'", "size: 1Gi", ["too-much-cpu"]),
        ("memoryRequest: 900Gi", "size: 1Gi", ["too-much-memory"]),
        ("cpuLimit: '1'", "size: '1e99'", ["too-much-disk"]),
        ("cpuLimit: '1'", "size: 91Gi", ["too-much-disk"]),
        ("cpuLimit: '1'", "size: 90Gi", []),
    ],
)
def test_nothing_is_too_short_lived_to_be_counted(
    world: World, prepare: str, scratch: str, codes: list[str]
) -> None:
    """A container that only prepares, and a volume that ends with its pod, are within the limits too."""
    text = HIDDEN.replace("PREPARE", prepare).replace("SCRATCH", scratch)
    request = WorkspaceRequest("demo", world.agent_id, devfile=text)
    try:
        create_workspace(world.ports, world.person, request)
        told: list[str] = []
    except Invalid as refused:
        told = [problem.code for problem in refused.problems]
    assert told == codes


def test_a_repository_is_its_own_project_when_its_devfile_names_none(world: World) -> None:
    """The devfile is read at the ref, and the repository itself is cloned at that ref."""
    world.repositories.files[REPOSITORY, "devfile.yaml"] = PLAIN
    request = WorkspaceRequest(
        "demo", world.agent_id, repository=Repository(REPOSITORY, ref="topic")
    )
    workspace = create_workspace(world.ports, world.person, request).workspace
    assert (workspace.source.path, workspace.source.commit) == ("devfile.yaml", "commit-of-topic")
    item = plans.load_items(world.store, world.organisation.id, [workspace.id])[workspace.id]
    frozen = str(plans.frozen_of(item))
    assert REPOSITORY in frozen
    assert "topic" in frozen
    assert "sample-app" in frozen


def test_a_repository_may_have_a_devcontainer_instead_of_a_devfile(world: World) -> None:
    """It is found where such files are, a devfile counts over it, and the project is in its folder."""
    file = ".devcontainer/devcontainer.json"
    world.repositories.files[REPOSITORY, file] = (
        '{"image": "registry.example/dev:1", "containerEnv": {"AT": "${containerWorkspaceFolder}"}}'
    )
    request = WorkspaceRequest("demo", world.agent_id, repository=Repository(REPOSITORY))
    workspace = create_workspace(world.ports, world.person, request).workspace
    item = plans.load_items(world.store, world.organisation.id, [workspace.id])[workspace.id]
    assert workspace.source.path == file
    assert "/workspaces/sample-app" in str(plans.frozen_of(item))
    world.repositories.files[REPOSITORY, "devfile.yaml"] = PLAIN
    other = create_workspace(world.ports, world.person, replace(request, name="other")).workspace
    assert other.source.path == "devfile.yaml"


def test_a_repeated_attempt_makes_one_workspace(world: World) -> None:
    """The same request under the same key returns the first workspace; the key is for no other."""
    attempt = Attempt(world.organisation.id, world.person.id, "key", b"digest", 2_000_000_000)
    request = WorkspaceRequest("demo", world.agent_id, devfile=DEVFILE)
    first = create_workspace(world.ports, world.person, request, attempt)
    again = create_workspace(world.ports, world.person, request, attempt)
    assert again.workspace == first.workspace
    other = Attempt(world.organisation.id, world.person.id, "key", b"other", 2_000_000_000)
    with pytest.raises(Invalid):
        create_workspace(world.ports, world.person, request, other)


def test_the_quota_is_never_exceeded_and_freed_by_a_confirmed_end() -> None:
    """The limit holds while a termination is under way, and one more fits once it is confirmed."""
    settings = OrganisationSettings(git_hosts=(GitHost("git.example.com"),), workspaces_per_user=2)
    world = make_world(settings)
    cluster = PaperCluster(world)
    first = create(world, "a")
    create(world, "b")
    with pytest.raises(TooMany):
        create(world, "c")
    cluster.settle()
    terminate_workspace(world.ports, world.person, first)
    with pytest.raises(TooMany):
        create(world, "c")
    cluster.settle()
    create(world, "c")
    with pytest.raises(TooMany):
        create(world, "d")


def test_an_agents_quota_is_told_apart() -> None:
    """When the agent is full the refusal names the agent."""
    world = make_world(
        OrganisationSettings(git_hosts=(GitHost("git.example.com"),), workspaces_per_agent=1)
    )
    create(world, "a")
    with pytest.raises(TooMany) as refused:
        create(world, "b")
    assert refused.value.code == "agent-quota"


def test_an_auditor_creates_nothing(world: World) -> None:
    """The role decides before anything is read."""
    auditor = add_member(world.ports, world.organisation.id, "usr-00000000000a", Role.AUDITOR)
    request = WorkspaceRequest("demo", world.agent_id, devfile=DEVFILE)
    with pytest.raises(Forbidden):
        create_workspace(world.ports, auditor, request)


def test_a_foreign_workspace_is_missing_and_a_seen_one_forbidden(world: World) -> None:
    """Another organisation's and another developer's are absent; an auditor sees but changes nothing."""
    workspace_id = create(world, "demo")
    org = world.organisation.id
    developer = add_member(world.ports, org, "usr-00000000000d", Role.DEVELOPER)
    stranger = add_member(world.ports, "org-zzzzzzzzzzzz", "usr-000000000001", Role.OWNER)
    auditor = add_member(world.ports, org, "usr-00000000000a", Role.AUDITOR)
    for person in (developer, stranger):
        with pytest.raises(Missing):
            show_workspace(world.ports, person, workspace_id)
        with pytest.raises(Missing):
            change_workspace(world.ports, person, workspace_id, DesiredState.STOPPED)
    assert show_workspace(world.ports, auditor, workspace_id).workspace.id == workspace_id
    with pytest.raises(Forbidden):
        change_workspace(world.ports, auditor, workspace_id, DesiredState.STOPPED)


def test_nothing_is_wished_after_the_end_was(world: World) -> None:
    """Starting what is to be terminated is a clash, terminating it again is not."""
    workspace_id = create(world, "demo")
    terminate_workspace(world.ports, world.person, workspace_id)
    with pytest.raises(Clash):
        change_workspace(world.ports, world.person, workspace_id, DesiredState.RUNNING)
    assert terminate_workspace(world.ports, world.person, workspace_id).state.generation == 2


def test_values_of_variables_are_nowhere_in_the_store(world: World, workspace_id: str) -> None:
    """Names are shown; the values stand in no item of the store, and are gone after the end."""
    names = list_variables(world.ports, world.person, workspace_id)
    assert names == (("TOKEN", "environment"), ("KEY_FILE", "file"))
    partitions = [
        keys.of_organisation(world.organisation.id),
        keys.of_agent(world.organisation.id, world.agent_id),
        keys.of_workspace(world.organisation.id, workspace_id),
        keys.of_audit(world.organisation.id),
    ]
    items = [item for each in partitions for item in world.store.query(each).items]
    assert len(items) > 8
    assert "canary" not in str(items)
    assert sealed.load_items(world.store, world.organisation.id, [workspace_id])
    cluster = PaperCluster(world)
    terminate_workspace(world.ports, world.person, workspace_id)
    cluster.settle()
    assert sealed.load_items(world.store, world.organisation.id, [workspace_id]) == {}


def test_the_hot_item_stays_small(world: World, workspace_id: str) -> None:
    """It takes less than 1 KB, the unit of a write, while all is well, and less than 1.2 KB with the
    longest reason there is."""
    well = replace(
        show_workspace(world.ports, world.person, workspace_id).state,
        spec_digest="d" * 64,
        live_secrets_digest="d" * 64,
        resource_version=2**53,
    )
    longest = Reason(
        max((row.code for row in ROWS), key=len),
        "m" * LONGEST_MESSAGE,
        max((row.hint for row in ROWS), key=len),
    )
    place = Placement(world.organisation.id, world.agent_id)
    assert size_of_item(to_item(place, well)) < 1_000
    assert size_of_item(to_item(place, replace(well, reason=longest))) < 1_200


def test_an_agent_of_another_organisation_is_no_agent(world: World) -> None:
    """An id that exists elsewhere is refused like one that does not."""
    foreign = add_agent(world.ports, "org-zzzzzzzzzzzz", "ag-00000000000f")
    request = WorkspaceRequest("demo", foreign, devfile=DEVFILE)
    with pytest.raises(Invalid) as refused:
        create_workspace(world.ports, world.person, request)
    assert [problem.code for problem in refused.value.problems] == ["no-such-agent"]
