"""The real reflector over the real client, on the model, through the faults of watches."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from berth_kube.kinds import CONFIG_MAP
from berth_kube.projections import ConfigMap
from berth_kube.reach import Reach
from berth_kube.reflector import Change, Reflector
from berth_kube.source import Source
from simulation.cluster import statuses
from tests.simulation.cluster.things import config
from tests.simulation.cluster.worlds import ModelWorld


class Signal:
    """As ``threading.Event``, for one who waits alone: the world's time passes meanwhile."""

    def __init__(self, world: ModelWorld) -> None:
        self._world = world
        self._is_set = False

    def set(self) -> None:
        self._is_set = True

    def clear(self) -> None:
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def wait(self, timeout: float | None = None) -> bool:
        self._world.go(timeout or 0.0)
        return self._is_set


class Alone:
    """A machine with one thread, on the model's time."""

    def __init__(self, world: ModelWorld) -> None:
        self._world = world

    def now(self) -> float:
        return self._world.time

    def wall(self) -> float:
        return self._world.time

    def chance(self) -> float:
        return 0.5

    def signal(self) -> Signal:
        return Signal(self._world)

    def start(self, name: str, act: Callable[[], None]) -> None:
        raise NotImplementedError


class Follower:
    """A reflector that runs in the test's own thread, and stops when it knows enough."""

    def __init__(self, world: ModelWorld, place: str) -> None:
        self.world = world
        self.known: dict[str, str] = {}
        self._wanted: dict[str, str] = {}
        source = Source(CONFIG_MAP, ConfigMap, namespace=place, label_selector="trial=yes")
        self.reflector: Reflector[ConfigMap] = Reflector(
            world.admin, source, self._take, reach=Reach(Alone(world))
        )

    def until(self, **wanted: str) -> None:
        """Follow until exactly this is known."""
        self._wanted = wanted
        self.reflector.run()
        assert self.known == wanted

    def _take(self, change: Change[ConfigMap]) -> None:
        if change.new is not None:
            self.known[change.new.metadata.name] = change.new.data.get("value", "")
        elif change.old is not None:
            del self.known[change.old.metadata.name]
        if self.known == self._wanted:
            self.reflector.stop()


def put(world: ModelWorld, place: str, name: str, value: str) -> None:
    """Write a ConfigMap."""
    world.other.apply(config(place, name, labels={"trial": "yes"}, value=value))


def remove(world: ModelWorld, place: str, name: str) -> None:
    """Delete a ConfigMap."""
    world.other.delete(CONFIG_MAP, name, namespace=place)


def cut(world: ModelWorld) -> None:
    """Break the newest watch."""
    world.server.watches[-1].cut()


def end(world: ModelWorld) -> None:
    """End the newest watch in order."""
    world.server.watches[-1].end()


def forget(world: ModelWorld) -> None:
    """Compact while nobody watches."""
    cut(world)
    world.server.compact()


@pytest.mark.parametrize("fault", [cut, end, forget])
@pytest.mark.parametrize("paged", [False, True], ids=["streamed", "paged"])
def test_nothing_is_lost(
    model: ModelWorld, fault: Callable[[ModelWorld], None], paged: bool
) -> None:
    """Whatever befalls its watch, and however it lists, a reflector ends up with what is there."""
    place = model.namespace()
    model.server.faults.no_streaming_lists = paged
    for name in ("a", "b"):
        put(model, place, name, "1")
    follower = Follower(model, place)
    model.after(5, lambda: put(model, place, "c", "1"))
    model.after(10, lambda: fault(model))
    model.after(10, lambda: put(model, place, "c", "2"))
    model.after(10, lambda: remove(model, place, "a"))
    follower.until(b="1", c="2")
    assert follower.reflector.figures.watches >= 2


def test_a_copy_never_goes_back(model: ModelWorld) -> None:
    """A list that is older than what was seen is refused, and asked for again."""
    place = model.namespace()
    put(model, place, "a", "1")
    follower = Follower(model, place)
    faults = model.server.faults

    def worsen() -> None:
        faults.staleness = 3
        faults.no_streaming_lists = True
        model.server.watches[-1].fail(statuses.expired("too old resource version"))

    model.after(5, lambda: put(model, place, "b", "1"))
    model.after(6, lambda: put(model, place, "c", "1"))
    model.after(10, worsen)
    model.after(20, lambda: put(model, place, "d", "1"))
    follower.until(a="1", b="1", c="1", d="1")
