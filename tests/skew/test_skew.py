"""Releases beside each other: what was recorded of every protocol up to ours, held against the code of today.

There is one protocol so far, and it is recorded: what is shown of it here is that today's code is that release still, and that
the recording would tell. How a later release is treated is shown by rows and messages that are made up.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from inspect import get_annotations, getmembers, isfunction
from typing import Any

import pytest

from berth_agent.client import Answer, ControlPlane, NoAnswer
from chalicelib.ports.store import Delete, Item, Key, Put, Value
from chalicelib.records import keys
from chalicelib.wire import PROTOCOL
from chalicelib.wire.reconcile import PrerequisitesRequest, ReconcileRequest
from tests.api.world import World
from tests.skew import recordings
from tests.skew.story import Said

PROTOCOLS = range(1, PROTOCOL + 1)
FRESH = frozenset({"objects", "digest", "spec_digest", "secrets_digest"})
"""Of answers: rendered anew by every release, whose guard rails reach workspaces that exist already."""
WRITTEN_WHOLE = frozenset({"AGENT: WS", "WS", "WS: PLAN", "AUDIT"})
"""Kinds of rows that are written anew: of these a former release drops what it does not know."""
LATER: dict[str, Value] = {"later": {"of": ["a later release"]}}


OF_THE_INSTANCE = frozenset({keys.DUES, keys.DRAINS, keys.AUDIT_HEADS})
"""Partitions whose sort keys are read whole: of these none may get another kind of row."""
OF_KUBERNETES = frozenset({"objects", "secrets", "headers"})


@pytest.fixture
def world() -> Iterator[World]:
    """An installation that is asked and not told: its rows are those of a recording."""
    made = World()
    for item in list(recordings.all_rows(made)):
        made.database.write(Delete(item.key))
    yield made
    made.close()


def load(world: World, rows: Sequence[Item]) -> None:
    """Put rows into the store as they are."""
    for item in rows:
        world.database.write(Put(item))


def say(world: World, said: Said) -> tuple[int, Any]:
    """Send a recorded request and return status and answer."""
    answer = world.call(said.method, said.path, token=said.token, body=said.body)
    return answer.status_code, answer.json_body if answer.body else None


def differences(recorded: Any, answered: Any, path: str = "") -> Iterator[str]:
    """Yield where an answer lacks what was recorded, or says otherwise; what it says beyond that is allowed."""
    if isinstance(recorded, dict) and isinstance(answered, dict):
        for name, value in recorded.items():
            if name in FRESH and path.rsplit(".", maxsplit=1)[-1] != "secrets":
                if bool(value) != bool(answered.get(name)):
                    yield f"{path}.{name}: there or not"
            else:
                yield from differences(value, answered.get(name), f"{path}.{name}")
    elif (
        isinstance(recorded, list) and isinstance(answered, list) and len(recorded) == len(answered)
    ):
        for number, (old, new) in enumerate(zip(recorded, answered, strict=True)):
            yield from differences(old, new, f"{path}[{number}]")
    elif recorded != answered:
        yield f"{path}: {recorded!r:.200} was answered, now {answered!r:.200}"


def retold(world: World, protocol: int) -> list[str]:
    """Say everything that was said at a protocol, and return what is answered otherwise."""
    found = []
    for number, said in enumerate(recordings.conversation(protocol)):
        status, answer = say(world, said)
        what = f"{number} {said.method} {said.path}"
        found += [] if status == said.status else [f"{what}: {status} {answer}"]
        found += [f"{what} {each}" for each in differences(said.answer, answer)]
    return found


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_is_recorded(protocol: int) -> None:
    """Each protocol up to ours has a recording, in which agents say that they speak it."""
    spoken = [
        said.body["protocol"]
        for said in recordings.conversation(protocol)
        if said.path == "/agent/v1/reconcile"
    ]

    assert len(spoken) > 5
    assert set(spoken) == {protocol}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_a_former_release_wrote_and_said_is_understood(world: World, protocol: int) -> None:
    """On the rows of a former release, its agents and people are answered as they were by that release."""
    load(world, recordings.rows(protocol))

    assert retold(world, protocol) == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_a_later_release_wrote_does_no_harm(world: World, protocol: int) -> None:
    """After a roll-back rows have attributes, and partitions have rows, that nobody knows: all is answered as before.

    What is not written anew keeps them: rows of unknown kinds, and those of people, agents, tokens, events and the audit log.
    """
    rows = recordings.rows(protocol)
    strange = [
        Item(Key(partition, sort), LATER)
        for partition in sorted({item.key.partition for item in rows})
        if partition not in OF_THE_INSTANCE
        for sort in ("LATER#1", "ZLATER#1")
    ]
    load(world, [replace(each, attributes={**each.attributes, **LATER}) for each in rows])
    load(world, strange)

    assert retold(world, protocol) == []

    left = {item.key: item for item in recordings.all_rows(world)}
    assert [item for item in strange if item.key not in left] == []
    found = [left[each.key] for each in rows if each.key in left]
    dropped = {kind_of(each.key) for each in found if "later" not in each.attributes}
    assert dropped == WRITTEN_WHOLE


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_agent_takes_the_answers_of_every_release(protocol: int) -> None:
    """Today's agent reads what a former control plane answers, and passes over what a later one adds."""
    for said in recordings.conversation(protocol):
        if said.path == "/agent/v1/reconcile":
            request = ReconcileRequest.model_validate(said.body)
            plain, more = (
                answered_by(a).reconcile(request) for a in (said.answer, added(said.answer))
            )
            assert plain == more
            assert plain.model_dump(mode="json", exclude_unset=True) == said.answer
        elif said.path == "/agent/v1/prerequisites":
            introduction = PrerequisitesRequest.model_validate(said.body)
            assert answered_by(added(said.answer)).prerequisites(introduction).objects


def answered_by(answer: Any) -> ControlPlane:
    """Return an agent's client whose control plane answers so."""
    content = json.dumps(answer).encode()
    return ControlPlane("https://berth.test", str, lambda *_: Answer(200, {}, content))


def added(answer: Any) -> Any:
    """Return an answer with a field more in every object that the wire knows; Kubernetes's own stay as they are."""
    if isinstance(answer, list):
        return [added(each) for each in answer]
    if isinstance(answer, dict):
        kept = {
            name: value if name in OF_KUBERNETES else added(value) for name, value in answer.items()
        }
        return kept | LATER
    return answer


@pytest.mark.parametrize("path", ["/agent/v1/reconcile", "/agent/v1/prerequisites"])
def test_an_agent_that_is_ahead_hears_so(world: World, path: str) -> None:
    """A later protocol is refused, and the answer names the field: the control plane is upgraded first."""
    load(world, recordings.rows(PROTOCOL))
    said = next(each for each in recordings.conversation(PROTOCOL) if each.path == path)

    status, answer = say(world, replace(said, body=said.body | {"protocol": PROTOCOL + 1}))

    assert status == 422
    assert [each["pointer"] for each in answer["problems"]] == ["#/protocol"]
    refused = json.dumps(answer).encode()
    client = ControlPlane("https://berth.test", str, lambda *_: Answer(422, {}, refused))
    with pytest.raises(NoAnswer, match="#/protocol: Input should be less than or equal to"):
        client.reconcile(ReconcileRequest(update_type="partial", epoch=1, instance="pod-1"))


def test_a_row_of_every_kind_is_recorded() -> None:
    """The recording of our protocol has a row of each kind that the store can hold."""
    kinds = {kind_of(item.key) for item in recordings.rows(PROTOCOL)}
    made = [
        name
        for name, function in getmembers(keys, isfunction)
        if get_annotations(function).get("return") is Key
    ]

    assert kinds == {*KIND_OF.values()}
    assert KIND_OF.keys() == {*made}


KIND_OF = {
    "organisation": "ORG",
    "member": "USER",
    "agent": "AGENT",
    "token": "TOKEN",
    "session": "SESSION",
    "invitation": "INVITATION",
    "admission": "ADMISSION",
    "idempotency": "IDEM",
    "user_quota": "QUOTA USER",
    "agent_quota": "QUOTA AGENT",
    "organisation_quota": "QUOTA ORGANISATION",
    "workspace": "WS",
    "state": "AGENT: WS",
    "pending": "AGENT: PENDING",
    "orphan": "AGENT: ORPHAN",
    "sync_page": "AGENT: SYNC",
    "plan": "WS: PLAN",
    "sealed": "WS: SEALED",
    "event": "WS: EVENT",
    "audit_record": "AUDIT: RECORD",
    "audit_checkpoint": "AUDIT: CHECKPOINT",
    "audit_head": "AUDIT",
    "identity": "IDENTITY",
    "bootstrap": "BOOTSTRAP",
    "once": "ONCE",
    "due": "DUE",
    "drain": "DRAIN",
}
"""Kinds of rows by the function of `records.keys` that makes their keys."""


def kind_of(key: Key) -> str:
    """Return the kind of a row: whose partition it is in, and what its sort key begins with."""
    partition, first = key.partition.split("#"), key.sort.split("#")
    if partition[0] != "ORG":
        return partition[0]
    if len(partition) > 2:
        return f"{partition[2]}: {first[0]}"
    return " ".join(first[:2]) if first[0] == "QUOTA" else first[0]
