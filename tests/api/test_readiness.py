"""`/readyz` says which of the things that Berth needs answers, to anybody, quickly, and nothing else."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.system import SystemClock
from chalicelib.ports.identity import IdentityUnavailable
from chalicelib.ports.keys import KeyServiceBusy
from chalicelib.ports.store import Key, StoreBusy
from chalicelib.ports.waker import WakerFailed
from tests.api.world import World
from tests.doubles import NobodySignsIn, WatchedStore


class Issuer(NobodySignsIn):
    """An issuer that is there, and counts who looks."""

    def __init__(self) -> None:
        self.looks = 0

    def look(self) -> None:
        self.looks += 1


@dataclass
class Fault:
    """Each of the ports, failing in its own way, with words that are nobody's business."""

    words: str = "canary-of-the-fault"

    def get(self, key: Key) -> Any:
        raise StoreBusy(self.words)

    def seal(self, *_: object) -> Any:
        raise KeyServiceBusy(self.words)

    def wake(self, agent_id: str) -> None:
        raise WakerFailed(self.words)

    def look(self) -> None:
        raise IdentityUnavailable(self.words)


class Hanging(WatchedStore):
    """A store that answers only when the test is over."""

    over: threading.Event

    def get(self, key: Key) -> Any:
        self.over.wait(60)


@pytest.fixture
def installation(world: World) -> World:
    """An installation whose issuer is there, on the real clock."""
    world.ports = replace(world.ports, identity=Issuer(), clock=SystemClock())
    bootstrap.use(world.ports)
    return world


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set at the end of the test."""
    event = threading.Event()
    yield event
    event.set()


def states(world: World) -> tuple[int, dict[str, str]]:
    """Ask, and return the status with each state."""
    got = world.call("GET", "/readyz")
    return got.status_code, {each["name"]: each["state"] for each in got.json_body["dependencies"]}


def test_all_is_well(installation: World) -> None:
    """With everything there, each is named, with the time that it took."""
    got = installation.call("GET", "/readyz")

    assert (got.status_code, got.json_body["status"]) == (200, "ok")
    assert [each["name"] for each in got.json_body["dependencies"]] == [
        "store",
        "keys",
        "waker",
        "identity provider",
    ]
    for each in got.json_body["dependencies"]:
        assert each["state"] == "ok"
        assert 0 <= each["milliseconds"] < 3000


@pytest.mark.parametrize(
    "port, name",
    [
        ("store", "store"),
        ("sealer", "keys"),
        ("waker", "waker"),
        ("identity", "identity provider"),
    ],
)
def test_what_fails_is_named_and_nothing_more(
    installation: World, capsys: pytest.CaptureFixture[str], port: str, name: str
) -> None:
    """One that fails is told from the others by name; its class is in the log, its words are nowhere."""
    fault: Any = Fault()
    changed: dict[str, Any] = {"identity": Issuer(), port: fault}
    bootstrap.use(replace(installation.ports, **changed))

    status, found = states(installation)

    written = capsys.readouterr().out
    assert status == 503
    assert {each for each, state in found.items() if state != "ok"} == {name}
    told = next(
        line for line in map(json.loads, written.splitlines()) if line["event"] == "not-ready"
    )
    assert (told["subject"], told["outcome"]) == (name, "failing")
    assert fault.words not in written


def test_what_hangs_holds_nobody_up(installation: World, over: threading.Event) -> None:
    """A store that says nothing is silent after three seconds, and the others are told of all the same."""
    store = Hanging(installation.database)
    store.over = over
    bootstrap.use(replace(installation.ports, identity=Issuer(), store=store))
    clock = SystemClock()
    began = clock.monotonic()

    status, found = states(installation)

    assert clock.monotonic() - began < 6
    assert (status, found["store"], found["keys"]) == (503, "silent", "ok")


def test_who_asks_often_asks_nobody_else(installation: World) -> None:
    """However often it is called, what Berth needs is asked once in a quarter of a minute."""
    issuer = Issuer()
    clock = installation.clock
    bootstrap.use(replace(installation.ports, identity=issuer, clock=clock))

    for _ in range(50):
        installation.call("GET", "/readyz")
    assert issuer.looks == 1
    clock.advance(15)
    installation.call("GET", "/readyz")

    assert issuer.looks == 2


def test_agents_half_asks_what_it_needs(installation: World) -> None:
    """A deployment of agents alone neither seals nor asks the issuer."""
    site = replace(installation.ports.site, surface="agents")
    bootstrap.use(replace(installation.ports, identity=Issuer(), site=site))

    assert states(installation) == (
        200,
        {"store": "ok", "keys": "unasked", "waker": "ok", "identity provider": "unasked"},
    )


def test_health_asks_nobody(installation: World) -> None:
    """Whether Berth itself is alive does not depend on what it needs."""
    fault: Any = Fault()
    ports = replace(installation.ports, store=fault, sealer=fault, waker=fault, identity=fault)
    bootstrap.use(ports)

    got = installation.call("GET", "/healthz")

    assert (got.status_code, got.json_body["status"]) == (200, "ok")
