"""What every answer has, and what is said when something is wrong."""

import json
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from chalicelib import bootstrap
from chalicelib.api.openapi import document
from chalicelib.api.responses import answer
from chalicelib.api.routes import ROUTES, Credential
from chalicelib.ports.store import Key, StoreBusy
from chalicelib.usecases.access.grant import EXCHANGE_PATH
from chalicelib.usecases.access.sign_in import CALLBACK_PATH
from tests.api.world import World
from tests.doubles import WatchedStore

GOLDEN = Path(__file__).parents[1] / "golden" / "openapi.json"
IDS = {"{agent_id}": "ag-0", "{token_id}": "tok-0", "{user_id}": "usr-0", "{workspace_id}": "ws-0"}
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}


class BrokenStore(WatchedStore):
    """A store that fails with the exception it holds."""

    error: Exception = RuntimeError("the secret is hunter2")

    def get(self, key: Key) -> NoReturn:
        raise self.error


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_answer_has_the_security_headers(world: World, route: object) -> None:
    """Every route, asked by a stranger, answers with the security headers, and nobody gets in unasked."""
    assert isinstance(route, type(ROUTES[0]))
    path = route.path
    for name, value in IDS.items():
        path = path.replace(name, value)
    got = world.call(route.method, path, body={} if route.method in ("POST", "PATCH") else None)
    assert {name: got.headers.get(name) for name in HEADERS} == HEADERS
    assert "frame-ancestors 'none'" in got.headers["Content-Security-Policy"]
    if route.credential is not Credential.NONE:
        assert (got.status_code, got.headers["Content-Type"]) == (401, "application/problem+json")


def test_a_wrong_method_is_a_problem(world: World) -> None:
    """A method that an address does not take is refused as every other thing, naming those it takes."""
    got = world.call("PUT", "/api/v1/me", body={})
    assert (got.status_code, got.json_body["code"]) == (405, "method-not-allowed")
    assert got.headers["Allow"] == "GET"
    assert got.headers["Cache-Control"] == "no-store"


def test_faults_are_told_by_number_alone(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """A fault of ours answers with a constant text and an incident; log and answer quote nothing."""
    bootstrap.use(replace(world.ports, store=BrokenStore(world.store.store)))
    got = world.call("GET", "/api/v1/me", token=world.token())
    assert (got.status_code, got.json_body["code"]) == (500, "internal")
    logged, _ = map(json.loads, capsys.readouterr().out.splitlines())
    assert logged["incident"] in got.json_body["detail"]
    assert (logged["route"], logged["error"]) == ("GET /api/v1/me", "RuntimeError")
    assert "hunter2" not in json.dumps(logged) + str(got.body)


def test_a_busy_store_is_no_fault(world: World) -> None:
    """A store that is busy is said to be, with a time to wait."""
    store = BrokenStore(world.store.store)
    store.error = StoreBusy("throttled")
    bootstrap.use(replace(world.ports, store=store))
    got = world.call("GET", "/api/v1/me", token=world.token())
    assert (got.status_code, got.headers["Retry-After"]) == (503, "2")


@pytest.mark.parametrize(
    "surface, people, agents", [("all", 401, 401), ("people", 401, 404), ("agents", 404, 401)]
)
def test_a_surface_serves_its_routes_alone(
    world: World, surface: str, people: int, agents: int
) -> None:
    """A deployment for people knows no agents' routes, and the reverse; health is everywhere."""
    world.change_site(surface=surface)
    assert world.call("GET", "/api/v1/me").status_code == people
    assert world.call("POST", "/agent/v1/reconcile", body={}).status_code == agents
    assert world.call("GET", "/healthz").json_body["surface"] == surface


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\rb", "a\0b", "a\x7fb", "ä"])
def test_headers_take_no_control_bytes(value: str) -> None:
    """No answer can be built whose header holds a control byte, in one value or in several."""
    for header in (value, [value]):
        with pytest.raises(ValueError, match="control byte"):
            answer(200, "", "text/plain", {"X-Test": header})


def test_pages_run_their_own_scripts_alone(world: World) -> None:
    """The start page's script is allowed by its hash, and nothing inline beside it."""
    got = world.call("GET", "/")
    policy = got.headers["Content-Security-Policy"]
    assert (got.status_code, got.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "script-src 'sha256-" in policy
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert b" style=" not in got.body
    assert b" onclick=" not in got.body


def test_the_openapi_document_is_the_golden_one(world: World) -> None:
    """The document is what the golden file says: a change of the API is seen in a review.

    After a wanted change: python -m tests.api.test_answers
    """
    assert world.call("GET", "/openapi.json").json_body == json.loads(GOLDEN.read_text())


def test_paths_that_are_signed_are_routes() -> None:
    """The addresses that tokens are bound to are addresses of routes."""
    assert {CALLBACK_PATH, EXCHANGE_PATH} <= {route.path for route in ROUTES}


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(document("https://berth.test"), indent=1, sort_keys=True) + "\n")
