"""What the agent makes of wake-ups: it asks at once, never in a flood, and polls when it hears none."""

from __future__ import annotations

import pytest

from berth_agent.commands import Listen, Post
from berth_agent.events import Deaf, Heard
from chalicelib.wire.reconcile import WakeChannel
from tests.agent.driver import Driver

CHANNEL = WakeChannel(kind="held", url="/agent/v1/wake")
IDLE, LISTENING = 10_000, 60_000


@pytest.fixture
def driver() -> Driver:
    """An idle agent that listens, and was told to ask each minute."""
    driver = Driver()
    request = driver.start()
    assert request.listening is False
    driver.answer(request, wake=CHANNEL, next_poll_ms=IDLE)
    driver.pass_time(5)
    driver.only(Listen)
    driver.tell(Heard(woken=False))
    request = driver.last_post()
    assert request.listening is True
    driver.answer(request, next_poll_ms=LISTENING)
    return driver


def listen_once(driver: Driver) -> Listen:
    """Let time pass until it asks its channel."""
    for _ in range(200):
        if any(isinstance(command, Listen) for command in driver.commands):
            return driver.only(Listen)
        driver.pass_time(0.5)
    raise AssertionError("it does not listen")


def posts_while(driver: Driver, seconds: float, *, woken: bool) -> tuple[int, int]:
    """Answer whatever it asks for some time: how many polls, and how many questions to the channel."""
    end, polls, questions = driver.now + seconds, 0, 0
    while driver.now < end:
        for command in list(driver.commands):
            driver.commands.remove(command)
            if isinstance(command, Post):
                polls += 1
                driver.answer(command.request, next_poll_ms=LISTENING)
            elif isinstance(command, Listen):
                questions += 1
                assert questions < 1000, "it spins"
                driver.tell(Heard(woken=woken))
        if not driver.commands:
            driver.pass_time(0.05)
    return polls, questions


def test_a_wake_up_is_followed_at_once(driver: Driver) -> None:
    """Long before its next poll is due, a wake-up makes it ask in that very moment."""
    driver.pass_time(20)
    listen_once(driver)
    driver.tell(Heard(woken=True))
    assert driver.post().update_type == "partial"


def test_a_wake_up_whose_question_fails_is_not_lost(driver: Driver) -> None:
    """It asks again once the failure is waited out, not when its next poll is due a minute later."""
    driver.pass_time(20)
    listen_once(driver)
    driver.tell(Heard(woken=True))
    driver.post()
    driver.fail(503)
    assert not [command for command in driver.commands if isinstance(command, Post)]
    driver.pass_time(3)
    assert driver.post().update_type == "partial"


def test_a_quiet_channel_makes_it_ask_nothing(driver: Driver) -> None:
    """Who hears wake-ups asks once a minute, not each ten seconds."""
    polls = 0
    end = driver.now + 300
    while driver.now < end:
        listen_once(driver)
        driver.pass_time(20)
        driver.tell(Heard(woken=False))
        for command in [c for c in driver.commands if isinstance(c, Post)]:
            driver.commands.remove(command)
            polls += 1
            driver.answer(command.request, next_poll_ms=LISTENING)
    assert 4 <= polls <= 6


def test_a_wake_up_during_a_request_makes_it_ask_again(driver: Driver) -> None:
    """The answer that is on its way may have been written before the news: it asks once more."""
    request = driver.last_post()
    listen_once(driver)
    driver.tell(Heard(woken=True))
    assert not any(isinstance(command, Post) for command in driver.commands)
    driver.answer(request, next_poll_ms=LISTENING)
    driver.pass_time(0.5)
    assert driver.post().update_type == "partial"


def test_a_flood_of_wake_ups_is_no_flood_of_polls(driver: Driver) -> None:
    """A channel that always says "now" is asked four times a second at most, and so is the control plane."""
    polls, questions = posts_while(driver, 10, woken=True)
    assert 10 <= polls <= 41
    assert questions <= 41


def test_a_channel_that_does_not_hold_is_asked_once_a_second(driver: Driver) -> None:
    """A channel that answers "nothing" at once does not make the agent spin."""
    polls, questions = posts_while(driver, 30, woken=False)
    assert questions <= 31
    assert polls <= 2


def test_who_goes_deaf_polls_within_ten_seconds(driver: Driver) -> None:
    """When the channel breaks, polls come again at the latest ten seconds later; it is tried on, so no
    other is asked for."""
    listen_once(driver)
    driver.tell(Deaf())
    broken = driver.now
    while not any(isinstance(command, Post) for command in driver.commands):
        driver.pass_time(0.5)
        assert driver.now - broken <= 10
    request = driver.post()
    assert request.listening is None
    driver.answer(request, next_poll_ms=LISTENING)  # as of a message from before it broke
    broken = driver.now
    while not any(isinstance(command, Post) for command in driver.commands):
        driver.commands = [c for c in driver.commands if not isinstance(c, Listen)]
        driver.pass_time(0.5)
        assert driver.now - broken <= 10.5


def test_who_hears_again_asks_what_it_missed(driver: Driver) -> None:
    """The first answer after a break counts as a wake-up: one may have been lost with the connection."""
    listen_once(driver)
    driver.tell(Deaf())
    driver.answer(driver.last_post(), next_poll_ms=IDLE)
    listen_once(driver)
    driver.pass_time(1)
    driver.tell(Heard(woken=False))
    assert driver.post().listening is True


def test_a_broken_channel_is_asked_ever_more_slowly(driver: Driver) -> None:
    """Ten minutes of a channel that fails cost some fifteen questions, not one a second."""
    questions, end = 0, driver.now + 600
    while driver.now < end:
        for command in list(driver.commands):
            driver.commands.remove(command)
            if isinstance(command, Listen):
                questions += 1
                driver.tell(Deaf())
            elif isinstance(command, Post):
                driver.answer(command.request, next_poll_ms=IDLE, wake=CHANNEL)
        driver.pass_time(0.5)
    assert 8 <= questions <= 20


def test_a_refused_channel_waits_for_another(driver: Driver) -> None:
    """An address that refuses is not asked again; the next answer brings another, which is."""
    listen_once(driver)
    driver.tell(Deaf(refused=True))
    request = driver.last_post()
    assert request.listening is False
    assert not any(isinstance(command, Listen) for command in driver.commands)
    another = WakeChannel(kind="queue", url="https://queue.example/1")
    driver.answer(request, next_poll_ms=IDLE, wake=another)
    assert listen_once(driver).channel == another


def test_a_channel_is_renewed_before_it_ends() -> None:
    """After four fifths of a channel's time another is asked for, while the first still works."""
    driver = Driver()
    signed = WakeChannel(kind="queue", url="https://queue.example/1", seconds=100)
    driver.answer(driver.start(), wake=signed, next_poll_ms=IDLE)
    driver.only(Listen)
    driver.tell(Heard(woken=False))
    told = []
    for _ in range(10):
        request = driver.last_post()
        told.append((driver.now, request.listening))
        driver.answer(request, next_poll_ms=IDLE)
    begun = told[0][0]
    assert [listening for at, listening in told if at - begun < 60] != []
    assert all(listening for at, listening in told if at - begun < 60)
    assert not any(listening for at, listening in told if at - begun > 82)


def test_a_channel_of_a_later_kind_is_ignored() -> None:
    """What it cannot use it does not ask, and goes on polling as before."""
    driver = Driver()
    later = WakeChannel(kind="socket", url="wss://events.example")
    driver.answer(driver.start(), wake=later, next_poll_ms=IDLE)
    driver.pass_time(9)
    assert driver.is_silent()
    assert driver.last_post().listening is False


def test_a_channel_that_is_tried_is_not_asked_for_again() -> None:
    """Until its first answer an agent says nothing of a channel that it was given: it polls as before."""
    driver = Driver()
    driver.answer(driver.start(), wake=CHANNEL, next_poll_ms=IDLE)
    driver.only(Listen)
    assert driver.last_post().listening is None


def test_only_the_leader_listens() -> None:
    """A process that waits for the Lease asks no channel, whatever it hears."""
    driver = Driver()
    driver.tell(Heard(woken=True))
    driver.pass_time(100)
    assert driver.is_silent()
