"""An organisation out of one installation and into another: all of it, and nothing of others."""

import json
from contextlib import suppress
from dataclasses import replace

import pytest

from chalicelib.adapters.keys.local import LocalMasterKey
from chalicelib.adapters.sealing import AesGcmSealer
from chalicelib.adapters.stores.sqlite import SqliteStore
from chalicelib.domain.access.roles import Role
from chalicelib.domain.organisations.organisation import Organisation
from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.domain.workspaces.states import DesiredState
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import Item, Put
from chalicelib.records import keys, organisations, people, portable
from chalicelib.usecases.audit.verify import verify
from chalicelib.usecases.organisations.quotas import recount_quotas
from chalicelib.usecases.organisations.transfer import (
    ChangedMeanwhile,
    Taken,
    Unusable,
    export_organisation,
    import_organisation,
)
from chalicelib.usecases.workspaces.change import change_workspace, terminate_workspace
from chalicelib.usecases.workspaces.read import show_workspace
from chalicelib.usecases.workspaces.sweep import sweep
from tests.builders import PaperCluster, World, add_member, create
from tests.doubles import START, Killed, WatchedStore
from tests.usecases.conftest import VARIABLES

OTHER = "org-000000000002"


@pytest.fixture
def exported(world: World, cluster: PaperCluster, workspace_id: str) -> list[str]:
    """An organisation with one workspace that runs, one that is gone, and one that is to be stopped."""
    gone, stopping = create(world, "gone"), create(world, "stopping", *VARIABLES)
    cluster.settle()
    terminate_workspace(world.ports, world.person, gone)
    cluster.settle()
    change_workspace(world.ports, world.person, stopping, DesiredState.STOPPED)
    other = Organisation(OTHER, "other", OrganisationSettings(), 1, START)
    world.store.transact([organisations.put_new(other)])
    add_member(world.ports, OTHER, "usr-000000000002", Role.OWNER)
    assert workspace_id in cluster.live
    here = world.organisation.id
    passing = (keys.session(here, "ses-1"), keys.sync_page(here, world.agent_id, "sync", 0))
    world.store.transact([Put(Item(key, {"v": 1})) for key in passing])
    return list(export_organisation(world.ports, world.organisation.id))


def elsewhere(world: World) -> World:
    """An empty installation with the same master key and pepper, a day later."""
    store = WatchedStore(SqliteStore(":memory:", now=world.clock.now))
    world.clock.advance(24 * 3600)
    return replace(world, store=store, ports=replace(world.ports, store=store))


def take_in(ports: Ports, lines: list[str]) -> None:
    import_organisation(ports, lambda: lines)


def test_its_workspaces_go_on_in_another_installation(
    world: World, cluster: PaperCluster, workspace_id: str, exported: list[str]
) -> None:
    """Agents report before they obey; what ran is not touched, what was wished is carried out."""
    before = dict(cluster.live)
    there = elsewhere(world)
    take_in(there.ports, exported)
    cluster.world = there
    told = cluster.poll()
    assert (told.orders, there.agent().owes_report) == ((), True)
    cluster.poll("full")
    cluster.settle()
    assert cluster.live[workspace_id] == before[workspace_id]
    assert sorted(live.replicas for live in cluster.live.values()) == [0, 1]
    shown = show_workspace(there.ports, there.person, workspace_id)
    assert (shown.state.desired.value, shown.state.actual.value) == ("Running", "Running")
    assert shown.workspace.name == "demo"


def test_people_counters_and_log_come_along(world: World, exported: list[str]) -> None:
    """Members are found by their issuer, quotas need no correction, and the audit log verifies."""
    there = elsewhere(world)
    take_in(there.ports, exported)
    issuer, subject = "https://issuer.example.com", f"{world.organisation.id}/{world.person.id}"
    assert people.find(there.store, issuer, subject) == people.find(world.store, issuer, subject)
    assert people.is_bootstrapped(there.store)
    recounted = recount_quotas(there.ports, there.person, remaining=lambda: 20.0)
    assert recounted.corrections == () == recounted.unsettled
    checked = verify(there.ports, there.person, None, remaining=lambda: 20.0)
    assert (checked.findings, checked.place) == ([], None)


def test_what_was_taken_in_is_what_was_exported(world: World, exported: list[str]) -> None:
    """A second export says the same of everything but agents, who owe a report, and its record."""
    there = elsewhere(world)
    take_in(there.ports, exported)
    again = list(export_organisation(there.ports, world.organisation.id))
    differing = [json.loads(line)["key"][1] for line in set(again[1:-1]) ^ set(exported[1:-1])]
    agent = f"AGENT#{world.agent_id}"
    assert differing.count(agent) == 2
    assert all(world.agent_id in sort for sort in differing)


def test_nothing_of_others_and_no_variable_is_in_the_file(exported: list[str]) -> None:
    """Another organisation is not named, variables are sealed, and sessions stay where they are."""
    text = "".join(exported)
    assert OTHER not in text
    assert not [each.value for each in VARIABLES if each.value in text]
    assert "SESSION#" not in text
    assert "SYNC#" not in text


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda lines: lines[:-1], "the last line is missing"),
        (lambda lines: [*lines[:-2], lines[-1]], "not those that were exported"),
        (lambda lines: [*lines, lines[1]], "not those that were exported"),
        (lambda lines: [lines[0], *lines[2:4], lines[1], *lines[4:]], "not those"),
        (lambda lines: [lines[0], "{}\n", *lines[2:]], "line 2: no item"),
        (lambda lines: [lines[0], "[1]\n", *lines[2:]], "line 2: no JSON object"),
        (lambda lines: [lines[0], lines[1][:40], *lines[2:]], "line 2: no JSON"),
        (lambda lines: [lines[0].replace('"format": 1', '"format": 2'), *lines[1:]], "format 1"),
        (lambda lines: [lines[0].replace("000001", "000002"), *lines[1:]], "not of org-"),
        (lambda _: [], "line 1"),
    ],
)  # fmt: skip
def test_what_was_changed_or_cut_is_refused_whole(
    world: World, exported: list[str], spoil: object, words: str
) -> None:
    """The refusal names the line, and nothing was written."""
    assert callable(spoil)
    there = elsewhere(world)
    with pytest.raises(Unusable, match=words):
        take_in(there.ports, spoil(list(exported)))
    assert there.store.writes == 0


def line_of(key: list[str], **attributes: object) -> str:
    """An item as an export has it."""
    return json.dumps({"key": key, "attributes": attributes}) + "\n"


@pytest.mark.parametrize(
    "planted",
    [
        line_of(["DUE", "0#org-000000000001"]),
        line_of(["DUE", "0#org-000000000001#ag-1#ws-1"]),
        line_of(["DRAIN", "org-000000000001#ag-000000000001#more"]),
        line_of(["AUDIT", "org-000000000001"], subject="x"),
        line_of(["BOOTSTRAP", "BOOTSTRAP"], organisation="org-000000000001"),
        line_of(["ORG#org-0000000000011", "ORG"], v=1),
        line_of(["IDENTITY", "0" * 64], organisation="org-000000000001", user="usr-1"),
        line_of(["ORG#org-000000000001", "AGENT#ag-000000000009"], name=7),
        line_of(["ORG#org-000000000001", "USER#usr-000000000009"], role="king"),
        line_of(["ORG#org-000000000001", "TOKEN#x"], digits=10**60),
        line_of(["ORG#org-000000000001", "TOKEN#\ud800"]),
        '{"key": ["ORG#org-000000000001", "X"], "attributes": {"deep": ' + "[" * 5000 + "]" * 5000 + "}}\n",
    ],
)  # fmt: skip
def test_a_line_that_somebody_made_is_refused(
    world: World, exported: list[str], planted: str
) -> None:
    """What would stop the sweep of everybody, find a stranger as a member, or not be stored, is named."""
    there = elsewhere(world)
    with pytest.raises(Unusable, match="line 2"):
        take_in(there.ports, [exported[0], planted, *exported[1:]])
    assert there.store.writes == 0


def test_another_master_key_is_refused_before_anything_is_written(
    world: World, exported: list[str]
) -> None:
    """Variables that nobody could open are not taken in as if all were well."""
    there = elsewhere(world)
    other = AesGcmSealer(LocalMasterKey(b"o" * 32), world.ports.chance)
    with pytest.raises(Unusable, match="master key"):
        take_in(replace(there.ports, sealer=other), exported)
    assert there.store.writes == 0


def test_an_import_that_broke_off_is_run_again(world: World, exported: list[str]) -> None:
    """Whichever write is its last, a second run ends with everything."""
    whole = elsewhere(world)
    take_in(whole.ports, exported)
    for die_at in range(whole.store.writes):
        there = elsewhere(world)
        there.store.die_at, there.store.after = die_at, die_at % 2 == 0
        with pytest.raises(Killed):
            take_in(there.ports, exported)
        there.store.die_at = None
        take_in(there.ports, exported)
        assert contents(there) == contents(whole)


def test_a_sweep_in_between_neither_erases_nor_stands_in_the_way(
    world: World, exported: list[str]
) -> None:
    """Where the other control plane was not stopped, whichever write is the last before it sweeps."""
    whole = elsewhere(world)
    take_in(whole.ports, exported)
    for die_at in range(whole.store.writes):
        there = elsewhere(world)
        there.store.die_at, there.store.after = die_at, True
        with pytest.raises(Killed):
            take_in(there.ports, exported)
        there.store.die_at = None
        sweep(there.ports, remaining=lambda: 20.0)
        with suppress(Taken):  # all is there, and the sweep has acted upon it
            take_in(there.ports, exported)
        lasting = ("#WS#", " WS#", " AGENT#", " USER#", "IDENTITY")
        kept = {each for each in contents(whole) if any(part in each for part in lasting)}
        assert kept <= contents(there)


def contents(world: World) -> set[str]:
    """The keys of everything that is stored of the organisation."""
    found = portable.every_item_of(world.store, world.organisation.id)
    return {f"{item.key.partition} {item.key.sort}" for item in found}


def test_what_is_there_stays(world: World, exported: list[str]) -> None:
    """An organisation that went on where it is imported again is named, and not set back."""
    there = elsewhere(world)
    take_in(there.ports, exported)
    stays = create(there, "since")
    with pytest.raises(Taken, match="is there, and another"):
        take_in(there.ports, exported)
    assert show_workspace(there.ports, there.person, stays).workspace.name == "since"


def test_a_change_while_it_is_read_spoils_the_export(world: World, workspace_id: str) -> None:
    """What was read before a change and after it does not fit together: the export says so."""
    lines = export_organisation(world.ports, world.organisation.id)
    next(lines)
    change_workspace(world.ports, world.person, workspace_id, DesiredState.STOPPED)
    with pytest.raises(ChangedMeanwhile, match="changed while it was read"):
        list(lines)


@pytest.mark.parametrize(
    "value", [b"\x00\xff", {"$bytes": "eA=="}, {"$map": {"$bytes": b"x"}}, [1, None, True, {"a": []}]]
)  # fmt: skip
def test_every_value_survives_json(world: World, value: object) -> None:
    """Bytes come back as bytes, and a mapping that looks like them as a mapping."""
    item = next(iter(world.store.query(f"ORG#{world.organisation.id}").items))
    held = replace(item, attributes={"held": value})  # type: ignore[dict-item] # of each kind
    assert portable.item_of(json.loads(json.dumps(portable.plain(held)))) == held
