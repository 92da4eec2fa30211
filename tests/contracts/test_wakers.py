"""One suite for the Waker port, on every adapter: within the process, and Amazon SQS (moto's, and the emulated one).

Where agents listen at a queue, the agent's own client does: the signed address meets a real server.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.credentials import Credentials

from berth_agent.client import NoAnswer
from berth_agent.wake_ups import WakeUps
from berth_local.aws.emulator import Emulator
from chalicelib.adapters.wakers.process import ProcessWaker
from chalicelib.adapters.wakers.queue import QueueWaker
from chalicelib.ports.waker import Waker, WakerFailed
from tests import moto_server

A, B = "ag-000000000001", "ag-000000000002"
WAIT = 2
"""Seconds that a question is held."""
_tests = count()


@dataclass
class Belfry:
    """A waker, and how an agent listens to it."""

    waker: Waker
    listen: Callable[[str], bool]


def queue_waker(address: str, patience: float = 10.0) -> QueueWaker:
    """A waker of the control plane; moto's first answer takes its time."""
    client = boto3.client(
        "sqs",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(
            connect_timeout=0.3, read_timeout=patience, retries={"total_max_attempts": 1}
        ),
    )
    return QueueWaker(client, "berth-test-", lambda: Credentials("key", "secret"), wait=WAIT)


def ears(token: str = "") -> WakeUps:
    """The agent's client."""
    return WakeUps("https://berth.invalid", lambda: token, None)


def emulated_waker(aws: Emulator) -> QueueWaker:
    """A waker of the control plane with queues of one test alone."""
    credentials = Credentials(aws.environment()["AWS_ACCESS_KEY_ID"], "test")
    return QueueWaker(
        aws.client("sqs"), f"berth-test-{next(_tests)}-", lambda: credentials, wait=WAIT
    )


@pytest.fixture(params=["process", "queue", pytest.param("emulated", marks=pytest.mark.deploy)])
def belfry(request: pytest.FixtureRequest) -> Iterator[Belfry]:
    """Each adapter in turn."""
    if request.param == "process":
        process = ProcessWaker()
        yield Belfry(process, lambda agent_id: process.hold(agent_id, WAIT))
        return
    if request.param == "emulated":
        yield queues(emulated_waker(request.getfixturevalue("emulated")))
        return
    with moto_server.serve("sqs") as address:
        yield queues(queue_waker(address))


def queues(waker: QueueWaker) -> Belfry:
    """Two agents that listen at their queues."""
    client = ears()
    channels = {each: waker.channel(each) for each in (A, B)}
    return Belfry(waker, lambda agent_id: client(channels[agent_id]))


def test_who_listens_hears_at_once(belfry: Belfry) -> None:
    """A wake-up ends the question that is held, long before its time."""
    heard: list[tuple[bool, float]] = []
    listener = threading.Thread(
        target=lambda: heard.append((belfry.listen(A), time.monotonic())), daemon=True
    )
    listener.start()
    listener.join(0.3)
    assert heard == []
    woken_at = time.monotonic()
    belfry.waker.wake(A)
    listener.join(WAIT + 1)
    assert heard
    assert heard[0][0]
    assert heard[0][1] - woken_at < 1.0


def test_a_wake_up_waits_for_the_next_question(belfry: Belfry) -> None:
    """What came between two questions is heard by the second."""
    belfry.waker.wake(A)
    assert belfry.listen(A)


def test_many_wake_ups_are_one(belfry: Belfry) -> None:
    """Once heard, five wake-ups are over: the next question is quiet."""
    for _ in range(5):
        belfry.waker.wake(A)
    assert belfry.listen(A)
    assert not belfry.listen(A)


def test_an_agent_hears_its_own_alone(belfry: Belfry) -> None:
    """Another agent's wake-up is not heard."""
    belfry.waker.wake(B)
    assert not belfry.listen(A)
    assert belfry.listen(B)


def test_waking_who_never_listened_is_no_error(belfry: Belfry) -> None:
    """An agent that was never given a channel can be woken in vain."""
    belfry.waker.wake("ag-000000000009")
    assert not belfry.listen(A)


def test_a_forgotten_agent_keeps_nothing(belfry: Belfry) -> None:
    """What was forgotten can be woken and forgotten again, and hears nothing of before."""
    belfry.waker.wake(A)
    belfry.waker.forget(A)
    belfry.waker.forget(A)
    belfry.waker.wake(B)
    assert belfry.listen(B)


def test_agents_are_woken_by_many_threads(belfry: Belfry) -> None:
    """Wishes of many people at once leave a wake-up behind."""
    threads = [threading.Thread(target=belfry.waker.wake, args=(A,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert belfry.listen(A)


def test_the_later_of_two_listeners_hears() -> None:
    """Within a process a new connection of an agent ends the one before, which may be dead."""
    waker = ProcessWaker()
    first: list[bool] = []
    listener = threading.Thread(target=lambda: first.append(waker.hold(A, 30)), daemon=True)
    listener.start()
    listener.join(0.2)
    assert first == []
    threading.Timer(0.3, waker.wake, (A,)).start()
    assert waker.hold(A, 30)
    listener.join(5)
    assert first == [False]


def test_an_address_is_good_for_one_question_at_one_queue() -> None:
    """What an agent gets lets it receive from its own queue for an hour, and names no other right."""
    with moto_server.serve("sqs") as address:
        channel = queue_waker(address).channel(A)
    query = urllib3.util.parse_url(channel.url).query or ""
    fields = dict(part.split("=", 1) for part in query.split("&"))
    assert fields["Action"] == "ReceiveMessage"
    assert fields["X-Amz-Expires"] == "3600"
    assert channel.seconds == 3600
    assert f"/berth-test-{A}?" in channel.url
    assert "X-Amz-Signature" not in repr(channel)


def test_a_queue_that_is_gone_refuses() -> None:
    """The address of a retired agent is refused, so that nobody asks it again."""
    with moto_server.serve("sqs") as address:
        waker = queue_waker(address)
        channel = waker.channel(A)
        waker.forget(A)
        with pytest.raises(NoAnswer) as refused:
            ears()(channel)
    assert 400 <= refused.value.status < 500
    assert "X-Amz" not in str(refused.value)


def test_a_queue_that_hangs_costs_a_second() -> None:
    """With a queue service that takes connections and never answers, waking fails within a second or so."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        waker = queue_waker(f"http://127.0.0.1:{silent.getsockname()[1]}", patience=0.4)
        began = time.monotonic()
        with pytest.raises(WakerFailed):
            waker.wake(A)
        assert time.monotonic() - began < 1.5
