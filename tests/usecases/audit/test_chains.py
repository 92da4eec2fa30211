"""One record for each accepted change, in the order of the changes."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from chalicelib.domain.access.roles import Person, Role
from chalicelib.domain.errors import Clash, Forbidden, Missing
from chalicelib.domain.workspaces.states import DesiredState
from chalicelib.ports.store import ConditionFailed, Page
from chalicelib.records import audit as records
from chalicelib.records.audit import AuditRecord
from chalicelib.usecases.access.tokens import make_token, revoke_token
from chalicelib.usecases.audit.verify import verify
from chalicelib.usecases.workspaces.change import change_workspace, terminate_workspace
from chalicelib.usecases.workspaces.create import create_workspace
from chalicelib.usecases.workspaces.draft import WorkspaceRequest
from chalicelib.wire.audit import digest_of_line
from tests.builders import DEVFILE, PaperCluster, World, add_member, create
from tests.doubles import WatchedStore
from tests.usecases.agents.test_crashes import STORIES, Story

RUNNING, STOPPED = DesiredState.RUNNING, DesiredState.STOPPED


def chain_of(world: World, subject: str) -> list[AuditRecord]:
    """The records of a subject, in order."""
    org = world.organisation.id
    return list(records.load_page(world.store, org, subject=subject, after=None, limit=100).records)


def all_records(world: World) -> int:
    """How many records the organisation has."""
    page = records.load_page(world.store, world.organisation.id, after=None, limit=100)
    assert page.next is None
    return len(page.records)


def test_records_follow_the_generations(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """Each accepted change has one record, numbered like its generation; the end has one more."""
    cluster.settle()
    for desired in (STOPPED, RUNNING, DesiredState.RESTART_REQUESTED):
        change_workspace(world.ports, world.person, workspace_id, desired)
        cluster.settle()
    terminate_workspace(world.ports, world.person, workspace_id)
    cluster.settle()

    chain = chain_of(world, workspace_id)

    assert [(each.number, each.action, each.generation) for each in chain] == [
        (1, "workspaces:create", 1),
        (2, "workspaces:stop", 2),
        (3, "workspaces:start", 3),
        (4, "workspaces:restart", 4),
        (5, "workspaces:restarted", 5),
        (6, "workspaces:terminate", 6),
        (7, "workspaces:terminated", 6),
    ]
    assert [each.previous for each in chain] == ["", *(each.digest for each in chain[:-1])]


def test_what_is_refused_leaves_no_record(world: World, workspace_id: str) -> None:
    """Refused, unknown, or so already: nothing is accepted, nothing is written down."""
    terminate_workspace(world.ports, world.person, workspace_id)
    auditor = add_member(world.ports, world.organisation.id, "usr-00000000000a", Role.AUDITOR)
    before = all_records(world)
    request = WorkspaceRequest("demo", world.agent_id, devfile=DEVFILE)

    terminate_workspace(world.ports, world.person, workspace_id)
    with pytest.raises(Clash):
        change_workspace(world.ports, world.person, workspace_id, RUNNING)
    with pytest.raises(Missing):
        change_workspace(world.ports, world.person, "ws-000000000000", RUNNING)
    with pytest.raises(Forbidden):
        create_workspace(world.ports, auditor, request)

    assert all_records(world) == before


def test_a_change_that_is_tried_again_leaves_one_record(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A report that loses a race is stored at the second attempt, and its end is written down once."""
    cluster.settle()
    terminate_workspace(world.ports, world.person, workspace_id)
    cluster.poll()
    world.store.meanwhile = lambda: cluster.ask(cluster.request("full"))
    cluster.settle()

    told = [each.action for each in chain_of(world, workspace_id)]

    assert told == ["workspaces:create", "workspaces:terminate", "workspaces:terminated"]


@pytest.mark.parametrize("title", STORIES)
def test_wherever_berth_dies_the_log_fits_the_workspace(title: str) -> None:
    """At every crash point each generation has its one record, in order, and the log is whole."""
    wishes, _ = STORIES[title]
    whole = Story(wishes)
    whole.run()
    for die_at in range(whole.world.store.writes):
        for after in (False, True):
            story = Story(wishes)
            story.world.store.die_at, story.world.store.after = die_at, after
            story.run()
            (state,) = story.states()
            chain = chain_of(story.world, state.workspace_id)
            raised = [each.generation for each in chain if each.action != "workspaces:terminated"]
            assert raised == list(range(1, state.generation + 1)), (die_at, after)
            checked = verify(story.world.ports, story.world.person, None, remaining=lambda: 20.0)
            assert (checked.findings, checked.place) == ([], None)


def test_of_two_that_revoke_a_token_one_is_written_down(world: World) -> None:
    """The second finds the record of the first in its way, and nothing of it is written."""
    token = make_token(world.ports, world.person, name="ci", lifetime_seconds=None).token
    world.store.meanwhile = lambda: revoke_token(world.ports, world.person, token.id)

    with pytest.raises(ConditionFailed):
        revoke_token(world.ports, world.person, token.id)

    assert [each.action for each in chain_of(world, token.id)] == ["tokens:make", "tokens:revoke"]


@dataclass
class Listening(WatchedStore):
    """A store that remembers which kinds of rows were queried."""

    asked: list[str] = field(default_factory=list)

    def query(self, partition: str, **how: Any) -> Page:
        """See the port."""
        self.asked.append(str(how.get("prefix", "")))
        return super().query(partition, **how)


def test_a_change_costs_one_read_and_a_creation_none(world: World) -> None:
    """A new subject has no record to go on from, so none is looked for."""
    listening = Listening(world.store.store)
    world.ports = replace(world.ports, store=listening)

    workspace_id = create(world, "demo")
    assert [prefix for prefix in listening.asked if prefix.startswith("RECORD")] == []
    change_workspace(world.ports, world.person, workspace_id, STOPPED)
    looked = [prefix for prefix in listening.asked if prefix.startswith("RECORD")]
    assert looked == [f"RECORD#{workspace_id}#"]


def test_a_record_holds_ids_alone(world: World) -> None:
    """What is written down names who, what, to which, and nothing of what was asked."""
    other: Person = add_member(
        world.ports, world.organisation.id, "usr-00000000000b", Role.DEVELOPER
    )
    made = make_token(world.ports, other, name="canary", lifetime_seconds=None)

    (record,) = chain_of(world, made.token.id)

    assert (record.actor, record.action) == (other.id, "tokens:make")
    assert "canary" not in str(record)
    assert made.text not in str(record)


def test_the_digest_of_a_line_stays_what_it_is() -> None:
    """Logs of years ago are still to be checked: the digest of a line never changes."""
    record = AuditRecord(
        id="evt-000000000001",
        organisation_id="org-000000000001",
        at=1_900_000_000_123,
        actor="usr-000000000001",
        action="workspaces:stop",
        subject="ws-000000000001",
        number=2,
        previous="ab" * 32,
        detail="Running to Stopped",
        generation=2,
    )

    digest = digest_of_line(records.line_of(record))

    assert digest == "4587a4291b55726296ba1769c07b2539a187e887dcf54dd7a87841094f826afc"
    assert digest_of_line(records.line_of(replace(record, seal="00", digest="11"))) == digest
