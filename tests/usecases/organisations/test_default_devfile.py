"""What a repository without a devfile of its own is opened by."""

import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.domain.organisations.settings import GitHost, OrganisationSettings
from chalicelib.records import plans
from chalicelib.usecases.organisations.change import change_organisation
from chalicelib.usecases.workspaces.create import create_workspace
from chalicelib.usecases.workspaces.draft import WorkspaceRequest
from chalicelib.usecases.workspaces.source import Repository
from tests.builders import World, make_world

REPOSITORY = "https://git.example.com/team/plain.git"
DEFAULT = """\
schemaVersion: 2.3.0
components:
- name: everybody
  container:
    image: registry.example/everybody:1
"""


@pytest.fixture
def world() -> World:
    return make_world(OrganisationSettings(git_hosts=(GitHost("git.example.com"),)))


def change(world: World, text: str) -> None:
    """Set the organisation's default devfile."""
    changes = {"default_devfile": text}
    change_organisation(world.ports, world.person, name=None, changes=changes)


def frozen(world: World, repository: Repository) -> str:
    """Create a workspace of a repository; its frozen plan as text."""
    request = WorkspaceRequest("demo", world.agent_id, repository=repository)
    workspace = create_workspace(world.ports, world.person, request).workspace
    assert (workspace.source.url, workspace.source.ref) == (repository.url, repository.ref)
    found = plans.load_items(world.store, world.organisation.id, [workspace.id])
    return str(plans.frozen_of(found[workspace.id]))


def test_a_repository_without_a_devfile_gets_the_default_one(world: World) -> None:
    """Its containers are the organisation's, its project is the repository at the ref."""
    change(world, DEFAULT)
    made = frozen(world, Repository(REPOSITORY, ref="topic"))
    assert all(word in made for word in ("registry.example/everybody:1", REPOSITORY, "topic"))


def test_a_devfile_of_the_repository_counts_over_the_default(world: World) -> None:
    """What is there is used, and what is asked for by its path is not replaced."""
    change(world, DEFAULT)
    world.repositories.files[REPOSITORY, "devfile.yaml"] = DEFAULT.replace("everybody", "own")
    assert "registry.example/own:1" in frozen(world, Repository(REPOSITORY))
    with pytest.raises(Invalid, match="cannot be created"):
        frozen(world, Repository(REPOSITORY, path="other.yaml"))


def test_without_a_default_such_a_repository_is_refused(world: World) -> None:
    """An organisation that has set none hears that there is no devfile."""
    with pytest.raises(Invalid) as refused:
        frozen(world, Repository(REPOSITORY))
    assert [each.code for each in refused.value.problems] == ["repository-refused"]


@pytest.mark.parametrize(
    "text, code, line",
    [
        (DEFAULT.replace("image", "picture"), "unknown-key", 5),
        ("parent: {uri: ../base.yaml}\nschemaVersion: 2.3.0\n", "unsupported", 1),
        (DEFAULT + "#" * 8 * 1024, "organisation-settings", None),
    ],
)
def test_a_default_that_could_not_be_used_is_not_set(
    world: World, text: str, code: str, line: int | None
) -> None:
    """Everything that is wrong with it is told when it is set, with its line."""
    with pytest.raises(Invalid) as refused:
        change(world, text)
    told = {(each.code, each.pointer, each.line) for each in refused.value.problems}
    assert (code, "#/settings/default_devfile", line) in told
