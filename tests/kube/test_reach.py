"""One door to the API server for all reflectors of a process."""

from __future__ import annotations

import threading

from berth_kube.machine import Signal, Threads
from berth_kube.reach import Reach

MOST = 1_000
"""Questions after which nobody counts on: without pauses the clock would stand still."""


class Passing(threading.Event):
    """A signal whose waiting takes no time but the clock's."""

    def __init__(self, machine: Standing) -> None:
        super().__init__()
        self._machine = machine

    def wait(self, timeout: float | None = None) -> bool:
        """See ``Signal``."""
        assert timeout is not None, "nobody waits without an end"
        if not self.is_set():
            self._machine.seconds += timeout
        return self.is_set()


class Standing(Threads):
    """A machine whose clock goes by waiting alone, and whose dice fall on the middle."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        """See ``Machine``."""
        return self.seconds

    def chance(self) -> float:
        """See ``Machine``."""
        return 0.5

    def signal(self) -> Signal:
        """See ``Machine``."""
        return Passing(self)


def asked_in_vain(reach: Reach, machine: Standing, until: float) -> list[float]:
    """When somebody asked, if everybody asks as soon as they may."""
    asked = list[float]()
    stopping = machine.signal()
    while machine.seconds < until and len(asked) < MOST:
        reach.await_turn(stopping)
        asked.append(machine.seconds)
        reach.lost()
    return asked


def test_a_server_that_does_not_answer_is_asked_less_and_less() -> None:
    """However many wait, it is asked 5 times in 10 seconds, and each 5 seconds after a while."""
    machine = Standing()
    asked = asked_in_vain(Reach(machine), machine, until=120.0)
    assert len([when for when in asked if when < 10.0]) <= 5
    late = [when for when in asked if 60.0 <= when < 120.0]
    assert 11 <= len(late) <= 12


def test_the_first_answer_lets_all_go_on() -> None:
    """After an answer nobody waits, and the next outage begins with a short pause again."""
    machine = Standing()
    reach = Reach(machine)
    asked_in_vain(reach, machine, until=60.0)
    reach.answered()
    began, stopping = machine.seconds, machine.signal()
    for _ in range(5):
        reach.await_turn(stopping)
    assert machine.seconds == began
    reach.lost()
    reach.await_turn(stopping)
    assert 0.8 <= machine.seconds - began <= 1.6


def test_one_that_is_to_stop_waits_no_longer() -> None:
    """Who is to stop gets no turn of an outage."""
    machine = Standing()
    reach, stopping = Reach(machine), machine.signal()
    reach.lost()
    stopping.set()
    reach.await_turn(stopping)
    assert machine.seconds == 0.0
