"""The work queue, without a clock."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from berth_kube.workqueue import RetryLimits, WorkQueue


def test_a_key_added_twice_is_worked_on_once() -> None:
    """Additions before the work begins are one."""
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    queue.add("a")
    assert (queue.take(0), queue.take(0)) == ("a", None)


def test_a_key_added_meanwhile_comes_again_afterwards() -> None:
    """It is never worked on twice at once, and no addition is lost."""
    queue: WorkQueue[str] = WorkQueue()
    queue.add("a")
    assert queue.take(0) == "a"
    queue.add("a")
    assert queue.take(0) is None
    queue.done("a")
    assert queue.take(0) == "a"


def test_failures_delay_only_their_own_key() -> None:
    """Delays of one key double up to the cap; another key is not touched."""
    queue: WorkQueue[str] = WorkQueue(RetryLimits(first=1, cap=10))
    delays = []
    for _ in range(6):
        queue.add("a")
        queue.take(0)
        delays.append(queue.retry("a", 0, 0.0))
        queue.done("a")
    assert delays == [1, 2, 4, 8, 10, 10]
    queue.add("b")
    assert queue.take(0) == "b"
    assert queue.next_at() == 10


def test_all_retries_together_are_limited() -> None:
    """Beyond the burst, retries come at the rate."""
    queue: WorkQueue[int] = WorkQueue(RetryLimits(first=0.001, cap=300, rate=10, burst=5))
    times = [queue.retry(number, 0, 0.0) for number in range(25)]
    assert max(times[:5]) < 0.01
    assert 1.9 < times[-1] <= 2.0


def test_success_forgets_failures() -> None:
    """After a success the first delay holds again."""
    queue: WorkQueue[str] = WorkQueue(RetryLimits(first=1))
    queue.retry("a", 0, 0.0)
    queue.forget("a")
    assert queue.next_at() is None
    assert queue.retry("a", 0, 0.0) == 1


class Queue(RuleBasedStateMachine):
    """Against a model: what was added is worked on, never twice at once."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: WorkQueue[int] = WorkQueue()
        self.now = 0.0
        self.running: set[int] = set()
        self.wanted: set[int] = set()

    @rule(key=st.integers(0, 3))
    def add(self, key: int) -> None:
        """Somebody wants it."""
        self.queue.add(key)
        self.wanted.add(key)

    @rule()
    def take(self) -> None:
        """A worker is free."""
        key = self.queue.take(self.now)
        if key is None:
            assert self.wanted <= self.running
        else:
            assert key not in self.running
            self.running.add(key)
            self.wanted.discard(key)

    @rule(fails=st.booleans(), seconds=st.floats(0, 5))
    def finish(self, fails: bool, seconds: float) -> None:
        """A worker ends."""
        self.now += seconds
        if self.running:
            key = self.running.pop()
            if fails:
                self.queue.retry(key, self.now, 0.0)
            self.queue.done(key)

    @invariant()
    def next_is_due(self) -> None:
        """A delay is never in the distant future."""
        due = self.queue.next_at()
        assert due is None or due <= self.now + 450


TestQueue = Queue.TestCase
