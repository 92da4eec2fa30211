"""A devfile imports from its own repository, and over https from the organisation's git hosts alone."""

import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.usecases.workspaces.create import create_workspace
from chalicelib.usecases.workspaces.draft import WorkspaceRequest
from chalicelib.usecases.workspaces.imports import MOST_PAGES
from chalicelib.usecases.workspaces.source import Repository
from tests.builders import World, make_world

REPOSITORY = "https://git.example.com/acme/app.git"
PAGE = "https://git.example.com/base.yaml"
BASE = "schemaVersion: 2.2.0\ncomponents: [{name: dev, container: {image: debian}}]\n"


def child(uri: str) -> str:
    """A devfile that has nothing but a parent."""
    return f"schemaVersion: 2.2.0\nparent: {{uri: {uri!r}}}\n"


def codes(world: World, request: WorkspaceRequest) -> list[str]:
    """Why the workspace is not created."""
    with pytest.raises(Invalid) as refused:
        create_workspace(world.ports, world.person, request)
    return [problem.code for problem in refused.value.problems]


def test_a_parent_of_the_same_repository() -> None:
    """A relative path starts at the folder of the devfile."""
    world = make_world()
    world.repositories.files[REPOSITORY, "app/devfile.yaml"] = child("../base.yaml")
    world.repositories.files[REPOSITORY, "base.yaml"] = BASE
    where = Repository(REPOSITORY, path="app/devfile.yaml")
    made = create_workspace(
        world.ports, world.person, WorkspaceRequest("demo", world.agent_id, repository=where)
    )
    assert made.workspace.source.path == "app/devfile.yaml"


def test_a_problem_of_the_parent_names_its_file() -> None:
    """Whoever reads the answer knows which file to mend."""
    world = make_world()
    world.repositories.files[REPOSITORY, "devfile.yaml"] = child("base.yaml")
    world.repositories.files[REPOSITORY, "base.yaml"] = BASE.replace("debian", "'no image'")
    request = WorkspaceRequest("demo", world.agent_id, repository=Repository(REPOSITORY))
    with pytest.raises(Invalid) as refused:
        create_workspace(world.ports, world.person, request)
    (problem,) = refused.value.problems
    assert problem.message.startswith("base.yaml: components[0].container.image: ")
    assert (problem.code, problem.line) == ("image", 2)


def test_text_has_no_folder() -> None:
    """A relative parent of a devfile that was given as text is refused with what to do."""
    world = make_world()
    request = WorkspaceRequest("demo", world.agent_id, devfile=child("base.yaml"))
    assert codes(world, request) == ["import-refused"]


def test_pages_come_from_allowed_hosts() -> None:
    """With the host among `git_hosts` the page is read, else it is refused."""
    closed = make_world(OrganisationSettings())
    closed.repositories.files[PAGE, ""] = BASE
    request = WorkspaceRequest("demo", closed.agent_id, devfile=child(PAGE))
    assert codes(closed, request) == ["import-refused"]
    world = make_world()
    world.repositories.files[PAGE, ""] = BASE
    request = WorkspaceRequest("demo", world.agent_id, devfile=child(PAGE))
    assert create_workspace(world.ports, world.person, request).workspace.name == "demo"


def test_a_registry_must_be_named() -> None:
    """There is no registry that everybody means."""
    world = make_world()
    text = "schemaVersion: 2.2.0\nparent: {id: node, registryUrl: 'https://git.example.com/r/', version: 1.0.0}\n"
    world.repositories.files["https://git.example.com/r/devfiles/node/1.0.0", ""] = BASE
    nameless = "schemaVersion: 2.2.0\nparent: {id: node}\n"
    request = WorkspaceRequest("demo", world.agent_id, devfile=nameless)
    assert codes(world, request) == ["import-refused"]
    request = WorkspaceRequest("demo", world.agent_id, devfile=text)
    assert create_workspace(world.ports, world.person, request).workspace.name == "demo"


def test_few_pages_are_asked_for_one_request() -> None:
    """A request must end while somebody waits, so a long chain of addresses is refused."""
    world = make_world()
    pages = [f"https://git.example.com/{number}" for number in range(MOST_PAGES + 1)]
    for page, following in zip(pages, [*pages[1:], ""], strict=True):
        world.repositories.files[page, ""] = child(following) if following else BASE
    request = WorkspaceRequest("demo", world.agent_id, devfile=child(pages[0]))
    assert codes(world, request) == ["import-refused"]
