"""Quotas under many creations at the same moment, on every adapter, also with DynamoDB's conflicts."""

import threading
from collections import Counter

import pytest

from benchmarks.creates.load import Load
from benchmarks.creates.seed import seed
from benchmarks.installation import ports_on
from benchmarks.reconcile import DEVFILE
from chalicelib import bootstrap
from chalicelib.adapters.keys.local import LocalMasterKey
from chalicelib.domain.errors import TooMany
from chalicelib.domain.organisations.quotas import holders_of
from chalicelib.ports.store import Store
from chalicelib.records import quotas, workspaces
from chalicelib.usecases.access.authenticate import person_of_token
from chalicelib.usecases.workspaces.create import create_workspace
from chalicelib.usecases.workspaces.draft import WorkspaceRequest
from tests.contracts.conflicts import ConflictingStore

ROOM = 8
AT_ONCE = 24


@pytest.mark.parametrize("conflicts", [False, True])
def test_no_race_exceeds_a_quota_and_none_refuses_in_vain(store: Store, conflicts: bool) -> None:
    """Of 24 creations at once for 8 places 8 are made; the others are told of the quota, nothing else."""
    sown = seed(store, Load(creates=ROOM, people=2))
    chosen = ConflictingStore(store, seconds=0.005) if conflicts else store
    ports = ports_on(chosen, LocalMasterKey(bytes(range(32))))
    start, ended = threading.Barrier(AT_ONCE), Counter[str]()

    def run(number: int) -> None:
        until = ports.clock.monotonic() + 30
        with bootstrap.call(ports, until) as mine:
            person = person_of_token(mine, sown.tokens[number % 2])
            request = WorkspaceRequest(f"w{number}", sown.agent_id, devfile=DEVFILE)
            start.wait()
            try:
                create_workspace(mine, person, request)
            except TooMany as refused:
                ended[refused.code] += 1
            except Exception as error:  # noqa: BLE001 - whatever else happens is the finding
                ended[repr(error)] += 1
            else:
                ended["made"] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ended.keys() <= {"made", "user-quota", "agent-quota", "organisation-quota"}, ended
    assert (ended["made"], ended.total()) == (ROOM, AT_ONCE)
    living = list(workspaces.load_living(store, sown.organisation_id))
    counted = Counter(holder for each in living for holder in holders_of(each))
    stored = quotas.load_all(store, sown.organisation_id)
    assert {holder: count.workspaces for holder, count in stored.items()} == counted
    assert len(living) == ROOM
