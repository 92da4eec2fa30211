"""The agent's question to a channel, over real sockets: what it sends, and what it makes of answers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import urllib3

from berth_agent.client import NoAnswer
from berth_agent.wake_ups import WakeUps
from chalicelib.wire.reconcile import WakeChannel

TOKEN = "berth_agt_0_0_canary"


class Server:
    """Answers every GET with ``status`` and ``body``; ``seen`` are path and credential of each."""

    def __init__(self) -> None:
        self.status, self.body = 200, b'{"woken": true}'
        self.seen: list[tuple[str, str | None]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.seen.append((self.path, self.headers["Authorization"]))
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(outer.body)))
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    """A control plane or a queue."""
    server = Server()
    yield server
    server.close()


def listen(server: Server, channel: WakeChannel) -> bool:
    """Ask once."""
    return WakeUps(server.address, lambda: TOKEN, None)(channel)


def test_the_control_plane_is_asked_with_the_agents_token(server: Server) -> None:
    """A held channel is a path of the control plane, and the token goes in the header alone."""
    assert listen(server, WakeChannel(kind="held", url="/agent/v1/wake"))
    assert server.seen == [("/agent/v1/wake", f"Bearer {TOKEN}")]


def test_a_queue_gets_no_credential_of_ours(server: Server) -> None:
    """The signed address of a queue is asked as it is: our token is not for another's server."""
    server.body = b"<ReceiveMessageResponse><Message><MessageId>1</MessageId></Message>"
    assert listen(server, WakeChannel(kind="queue", url=f"{server.address}/1/q?X-Amz-Signature=s"))
    assert server.seen == [("/1/q?X-Amz-Signature=s", None)]


@pytest.mark.parametrize(
    "body", [b"<ReceiveMessageResponse><ReceiveMessageResult/></ReceiveMessageResponse>", b"{}"]
)
def test_an_empty_queue_is_quiet(server: Server, body: bytes) -> None:
    """An answer of the queue without a message is no wake-up, in XML and in JSON."""
    server.body = body
    assert not listen(server, WakeChannel(kind="queue", url=server.address + "/1/q"))


@pytest.mark.parametrize("status", [302, 401, 403, 404, 500, 503])
def test_every_other_answer_is_none(server: Server, status: int) -> None:
    """A refusal, a fault or a redirect raises with its status; nobody is followed elsewhere."""
    server.status = status
    with pytest.raises(NoAnswer) as failed:
        listen(server, WakeChannel(kind="queue", url=server.address + "/1/q?X-Amz-Signature=s"))
    assert failed.value.status == status
    assert "Signature" not in str(failed.value)
    assert [path for path, _ in server.seen] == ["/1/q?X-Amz-Signature=s"]


@pytest.mark.parametrize(
    "channel",
    [
        WakeChannel(kind="queue", url="http://queue.example/1/q"),
        WakeChannel(kind="queue", url="/1/q"),
        WakeChannel(kind="queue", url="https://["),
        WakeChannel(kind="held", url="@queue.example/agent/v1/wake"),
    ],
    ids=lambda channel: str(channel.url),
)
def test_an_address_that_others_could_read_or_steal_is_refused(
    server: Server, channel: WakeChannel
) -> None:
    """Plain http, and a path that would lead the token to another host, are not asked at all."""
    with pytest.raises(NoAnswer) as refused:
        listen(server, channel)
    assert refused.value.status == 400
    assert server.seen == []


def test_nonsense_is_no_wake_up(server: Server) -> None:
    """An answer of the control plane that is none raises."""
    server.body = b"<html>"
    with pytest.raises(NoAnswer):
        listen(server, WakeChannel(kind="held", url="/agent/v1/wake"))


def test_a_connection_that_falls_silent_ends() -> None:
    """Who takes the question and never answers is given up after the time for it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        ears = WakeUps(
            f"http://127.0.0.1:{port}", lambda: TOKEN, None, urllib3.Timeout(connect=1, read=0.3)
        )
        began = time.monotonic()
        with pytest.raises(NoAnswer) as failed:
            ears(WakeChannel(kind="held", url="/agent/v1/wake"))
        assert time.monotonic() - began < 3
    assert failed.value.status == 0
