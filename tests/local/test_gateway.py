"""The one-process mode brings requests to the application as API Gateway does."""

import gzip
import http.client
import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from chalice.app import Chalice, Rate, Response

from berth_local.authority import Authority
from berth_local.gateway import MAX_BODY_BYTES, serve
from berth_local.schedule import Scheduler, Trigger, scheduled_event, triggers_of

EVENTS = Path(__file__).parent / "events"


def sample(name: str) -> dict[str, Any]:
    """Return AWS's own sample event."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return event


@pytest.fixture
def served(tmp_path: Path) -> Iterator[http.client.HTTPSConnection]:
    """A connection to a small application that answers with the event it got."""
    app = Chalice(app_name="echo")

    @app.route("/echo/{name}", methods=["POST", "GET"])
    def echo(name: str) -> Response:
        assert app.current_request is not None
        event = app.current_request.to_original_event()
        headers: dict[str, str | list[str]] = {
            "Content-Type": "application/json",
            "Set-Cookie": ["a=1", "b=2"],
        }
        return Response(json.dumps(event), headers=headers)

    @app.route("/short/{name}")
    def short(name: str) -> dict[str, str]:
        return {"name": name}

    authority = Authority(tmp_path)
    server = serve(
        app, ("127.0.0.1", 0), authority.issue("berth.localhost", "127.0.0.1").server_context()
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    trust = ssl.create_default_context(cafile=str(authority.certificate))
    connection = http.client.HTTPSConnection("127.0.0.1", server.server_address[1], context=trust)
    yield connection
    connection.close()
    server.shutdown()
    thread.join()
    server.server_close()


def shape(value: object) -> object:
    """Return the names and kinds of an event, without what differs from request to request."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return type(value).__name__


def test_an_event_has_the_shape_of_the_published_one(served: http.client.HTTPSConnection) -> None:
    """Every field of AWS's sample proxy event is there, with a value of the same kind."""
    served.request("POST", "/echo/ann?foo=bar&foo=baz", body=b"{}", headers={"User-Agent": "test"})
    event = json.loads(served.getresponse().read())
    wanted = sample("AwsProxy")
    # Samples are templates there, or depend on the request's own headers and names.
    wanted |= {
        "isBase64Encoded": False,
        "queryStringParameters": {"foo": "baz"},
        "pathParameters": {"name": "ann"},
    }
    for free in ("headers", "multiValueHeaders", "stageVariables"):
        assert isinstance(event.pop(free), dict)
        wanted.pop(free)

    assert shape(event) == shape(wanted)
    assert event["multiValueQueryStringParameters"] == {"foo": ["bar", "baz"]}
    assert event["resource"] == "/echo/{name}"
    assert event["body"] == "{}"


def test_a_scheduled_event_has_the_shape_of_the_published_one() -> None:
    """Every field of AWS's sample scheduled event is there, with a value of the same kind."""
    wanted = {"version": "0", **sample("ScheduledEvent")}

    assert shape(scheduled_event("sweep", datetime.now(UTC))) == shape(wanted)


def test_several_cookies_are_several_headers(served: http.client.HTTPSConnection) -> None:
    """A header of several values goes out once for each."""
    served.request("GET", "/echo/ann")
    answer = served.getresponse()

    assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]


def test_a_body_that_is_no_text_travels_in_base_64(served: http.client.HTTPSConnection) -> None:
    """Bytes that are not UTF-8 reach the application marked as base 64."""
    served.request("POST", "/echo/ann", body=b"\xff\xfe")
    event = json.loads(served.getresponse().read())

    assert (event["body"], event["isBase64Encoded"]) == ("//4=", True)


@pytest.mark.parametrize(
    "headers, status",
    [
        ({"Content-Length": str(MAX_BODY_BYTES + 1)}, 413),
        ({"Content-Length": "-1"}, 411),
        ({"Content-Length": "٣"}, 411),
        ({"Transfer-Encoding": "chunked"}, 411),
    ],
    ids=["too large", "negative", "no digits", "chunked"],
)
def test_a_body_beyond_the_limits_is_refused_unread(
    served: http.client.HTTPSConnection, headers: dict[str, str], status: int
) -> None:
    """A request whose body cannot be taken is answered at once and its connection closed."""
    served.putrequest("POST", "/echo/ann")
    for name, value in headers.items():
        served.putheader(name, value.encode())
    served.endheaders()
    answer = served.getresponse()

    assert (answer.status, answer.headers["Connection"]) == (status, "close")


@pytest.mark.parametrize(
    "accepted, length, coding",
    [("gzip", 4000, "gzip"), ("", 4000, None), ("gzip", 10, None), ("br", 4000, None)],
    ids=["long", "not-asked-for", "short", "another"],
)
def test_a_long_answer_is_compressed_for_who_takes_that(
    served: http.client.HTTPSConnection, accepted: str, length: int, coding: str | None
) -> None:
    """As API Gateway does from ``minimum_compression_size`` on; the content is the same."""
    name = "n" * min(length, 10)
    sent = {"Accept-Encoding": accepted, "X-Long": "x" * max(0, length - 3000)}
    served.request("GET", f"/short/{name}" if length < 100 else f"/echo/{name}", headers=sent)
    answer = served.getresponse()
    content = answer.read()

    assert answer.headers["Content-Encoding"] == coding
    assert json.loads(gzip.decompress(content) if coding else content)


def test_threads_do_not_share_a_request(
    served: http.client.HTTPSConnection, tmp_path: Path
) -> None:
    """Requests at the same time each get their own answer."""
    context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    names = [f"n{number}" for number in range(16)]
    seen: dict[str, str] = {}

    def ask(name: str) -> None:
        connection = http.client.HTTPSConnection(served.host, served.port, context=context)
        for _ in range(5):
            connection.request("GET", f"/echo/{name}")
            seen[name] = json.loads(connection.getresponse().read())["pathParameters"]["name"]
        connection.close()

    threads = [threading.Thread(target=ask, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == {name: name for name in names}


def test_triggers_are_found_and_called_on_their_rate() -> None:
    """A schedule of the application becomes a trigger that calls the decorated function."""
    app = Chalice(app_name="scheduled")
    fired = threading.Event()

    class Module:
        @staticmethod
        @app.schedule(Rate(2, unit=Rate.MINUTES))
        def sweep(event: Any) -> None:
            assert event.detail_type == "Scheduled Event"
            fired.set()

    (trigger,) = triggers_of(app, Module)
    soon = Trigger(trigger.name, trigger.every / 1_000_000, trigger.call)
    scheduler = Scheduler([soon])

    assert fired.wait(10)
    scheduler.stop()
    assert trigger.every.total_seconds() == 120
