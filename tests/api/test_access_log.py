"""Each request leaves a line under an id that its answer names too, and no line holds a secret."""

import json
import logging
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from app import app
from chalicelib import bootstrap
from chalicelib.api.access_log import REQUEST_ID
from chalicelib.api.auth import SESSION_COOKIE
from chalicelib.api.schedule import SweepFailed, run_sweep
from chalicelib.log import take_over
from chalicelib.ports.store import Key
from tests.api.world import DEVFILE, World
from tests.doubles import WatchedStore

ID = "0b1f8c1e-4a55-4d77-9d3e-6a1c3f1f2b60"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def ask(
    method: str,
    resource: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: object = None,
    query: Mapping[str, str] | None = None,
    request_id: str = ID,
    **ids: str,
) -> dict[str, Any]:
    """Call the app with an event of API Gateway, which gave the request an id."""
    sent = {"content-type": "application/json", **(headers or {})}
    path = resource.format(**ids)
    event = {
        "path": path,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "multiValueQueryStringParameters": {k: [v] for k, v in (query or {}).items()} or None,
        "pathParameters": ids or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "path": path,
            "identity": {"sourceIp": "192.0.2.1"},
            "requestId": request_id,
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }
    answered: dict[str, Any] = app(event, None)
    return answered


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the lines that were written since the last look."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Python's ``logging`` as a deployed process has it."""
    before = logging.root.handlers[:]
    take_over()
    yield
    logging.root.handlers[:] = before


def test_a_request_leaves_one_line(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Who asked for what, as whom, about which workspace, with which answer, and after how long."""
    workspace = world.workspace(world.agent())["id"]
    token = world.token()
    capsys.readouterr()

    resource = "/api/v1/workspaces/{workspace_id}"
    bearer = {"authorization": f"Bearer {token}"}
    answered = ask("GET", resource, headers=bearer, workspace_id=workspace)

    (line,) = lines(capsys)
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "event": "request",
        "request_id": ID,
        "organisation_id": world.organisation,
        "user_id": world.owner.id,
        "workspace_id": workspace,
        "method": "GET",
        "route": resource,
        "status": 200,
        "Surface": "people",
        "Latency": 0.0,
        "ClientErrors": 0,
        "ServerErrors": 0,
    }
    assert answered["headers"][REQUEST_ID] == ID


def test_an_agents_line_counts_its_message(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line of a reconcile names the agent, what it reported and what it was ordered."""
    agent = world.agent()
    world.workspace(agent)
    bearer = {"authorization": f"Bearer {agent.token}"}
    hello = {"epoch": 1, "instance": "i", "namespace": "berth"}
    ask("POST", "/agent/v1/prerequisites", headers=bearer, body=hello)
    capsys.readouterr()

    message = {"update_type": "partial", "epoch": 1, "instance": "i"}
    assert ask("POST", "/agent/v1/reconcile", headers=bearer, body=message)["statusCode"] == 200

    (line,) = lines(capsys)
    assert line["agent_id"] == agent.agent.id
    assert (line["Surface"], line["Reports"], line["Orders"]) == ("agents", 0, 1)


def test_a_refusal_says_under_which_id_it_is_found(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Header, problem and page of a refusal name the id of the line that says why."""
    refused = ask("GET", "/api/v1/me")
    page = ask("GET", "/sign-in/callback", query={"state": "s", "code": "c"})

    assert json.loads(refused["body"])["request_id"] == refused["headers"][REQUEST_ID] == ID
    assert f"Request {ID}" in page["body"]
    first, second = lines(capsys)
    assert (first["status"], first["error"], first["code"]) == (
        401,
        "Unauthenticated",
        "no-credential",
    )
    assert (second["request_id"], second["SignInsRefused"]) == (ID, 1)


class BrokenStore(WatchedStore):
    """A store that fails with words that nobody shall read."""

    def get(self, key: Key) -> Any:
        raise RuntimeError(f"canary-of-the-store {key}")


class Spoiled(WatchedStore):
    """A store whose answers nobody can read."""

    def query(self, partition: str, **how: Any) -> Any:
        raise RuntimeError(f"canary-of-the-store {partition}")


def test_a_fault_is_told_by_the_requests_own_id(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a person tells the operators of a fault is the id that both of its lines have."""
    bootstrap.use(replace(world.ports, store=BrokenStore(world.database)))

    answered = ask("GET", "/api/v1/me", headers={"authorization": f"Bearer {world.token()}"})

    assert ID in json.loads(answered["body"])["detail"]
    fault, request = lines(capsys)
    assert (fault["incident"], fault["request_id"], fault["error"]) == (ID, ID, "RuntimeError")
    assert (request["status"], request["ServerErrors"]) == (500, 1)


@pytest.mark.parametrize(
    "header, value, found",
    [
        ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01", TRACE),
        ("traceparent", f"cc-{TRACE}-00f067aa0ba902b7-01-what-comes-later", TRACE),
        ("traceparent", f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
        ("traceparent", f"00-{TRACE.upper()}-00f067aa0ba902b7-01", None),
        ("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01\n", None),
        (
            "x-amzn-trace-id",
            "Self=1-67891234-12456789abcdef012345678;Root=1-67891233-abcdef012345678912345678",
            "1-67891233-abcdef012345678912345678",
        ),
        ("x-amzn-trace-id", "Root=forged", None),
    ],
)
def test_a_trace_is_found_by_its_id(
    world: World, capsys: pytest.CaptureFixture[str], header: str, value: str, found: str | None
) -> None:
    """The trace of W3C's header, or of AWS's, is on the line; what is neither is on none."""
    ask("GET", "/healthz", headers={header: value})

    assert lines(capsys)[-1].get("trace_id") == found


def test_a_sweep_that_fails_says_where_and_not_what(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """What Lambda writes of the exception that ends a sweep has no words of its cause; the line has the place."""
    bootstrap.use(replace(world.ports, store=Spoiled(world.database)))

    with pytest.raises(SweepFailed) as raised:
        run_sweep(ID)

    (line,) = lines(capsys)
    assert (line["event"], line["request_id"], line["error"]) == ("fault", ID, "RuntimeError")
    assert "test_access_log.py" in line["stack"]
    assert "canary" not in "".join(traceback.format_exception(raised.value)) + json.dumps(line)


def test_an_id_is_a_plain_one(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no id does not come back in a header: the request gets an id of ours."""
    answered = ask("GET", "/healthz", request_id="x\r\nSet-Cookie: a=b")

    assert answered["headers"][REQUEST_ID] == lines(capsys)[-1]["request_id"]
    assert "Set-Cookie" not in answered["headers"][REQUEST_ID]


CANARY = "canary-of-"


def test_no_line_holds_a_secret(
    world: World, capsys: pytest.CaptureFixture[str], own_logging: None
) -> None:
    """Tokens, cookies, codes, variables and the words of exceptions, planted wherever a request or
    the code has room for them, are in no line that is written anywhere."""
    token, cookie, agent = world.token(), world.session(), world.agent()
    invented = f"{CANARY}invented"
    for headers in (
        {"authorization": f"Bearer {token}", "x-secret": f"{CANARY}header"},
        {"authorization": f"Bearer berth_pat_{invented}"},
        {"authorization": invented, "cookie": f"{SESSION_COOKIE}={invented}"},
        {"cookie": f"{SESSION_COOKIE}={cookie}", "traceparent": invented},
        {"content-type": invented, "idempotency-key": f"{CANARY}key\n"},
    ):
        ask("GET", "/api/v1/me", headers=headers, query={invented: invented})
        ask("POST", "/api/v1/workspaces", headers=headers, body={invented: invented})
    bearer = {"authorization": f"Bearer {token}"}
    body = {
        "name": "small",
        "agent_id": agent.agent.id,
        "devfile": DEVFILE,
        "variables": [{"name": "A", "value": f"{CANARY}variable"}],
    }
    made = ask("POST", "/api/v1/workspaces", headers=bearer, body=body)
    assert made["statusCode"] == 201, made["body"]
    ask("GET", "/api/v1/workspaces/{workspace_id}", headers=bearer, workspace_id=invented)
    ask("GET", "/sign-in", query={"code": f"{CANARY}invitation"})
    ask("GET", "/sign-in/callback", query={"code": f"{CANARY}code", "state": f"{CANARY}state"})
    ask("POST", "/agent/v1/reconcile", headers={"authorization": f"Bearer {agent.token}"}, body=[1])
    bootstrap.use(replace(world.ports, store=BrokenStore(world.database)))
    ask("GET", "/api/v1/me", headers=bearer)
    try:
        int(f"{CANARY}exception")
    except ValueError:
        logging.getLogger("chalicelib.somewhere").exception("it failed on %s", "ws-1")
        logging.getLogger("urllib3").warning("retrying %s", f"{CANARY}library")

    written = capsys.readouterr()

    said = [json.loads(line) for line in written.out.splitlines()]
    assert [each["says"] for each in said if "says" in each] == ["it failed on ws-1"]
    assert [each["logger"] for each in said if each["event"] == "said"][-1] == "urllib3"
    assert len([each for each in said if each["event"] == "request"]) == 16
    for secret in (CANARY, token, cookie, agent.token, token[-20:], cookie[-20:]):
        assert secret not in written.out + written.err
