"""What an idle agent is counted to do: the real agent and handlers, in virtual time."""

from benchmarks.idle import counted


def test_who_hears_wake_ups_asks_once_a_minute() -> None:
    """An idle agent polls each ten seconds, and a sixth as often where it is woken; both read the
    store about once a poll."""
    woken, polling = counted(wakes=True), counted(wakes=False)
    assert 60 <= woken.polls <= 72
    assert 360 <= polling.polls <= 410
    for hour in (woken, polling):
        assert hour.reads <= hour.polls + 5
        assert hour.writes <= 61
    assert 178 <= woken.questions <= 185
    assert polling.questions == 0


def test_wake_ups_are_cheaper_than_polls() -> None:
    """With them an idle agent costs less than a third of a dollar a month, and less than without."""
    ours, theirs = (sum(counted(wakes=w).dollars(1.0).values()) for w in (True, False))
    assert ours < 1 / 3
    assert ours < theirs / 3
