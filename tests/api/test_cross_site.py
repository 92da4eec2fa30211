"""Requests with a browser's session pass only if a page of ours sent them."""

from itertools import product

import pytest

from app import app
from chalicelib.api.routes import ROUTES
from tests.api.world import URL, World

ORIGINS = {
    "ours": URL,
    "none": None,
    "null": "null",
    "another": "https://evil.test",
    "suffix": URL + ".evil.test",
}
SITES = {
    "none given": None,
    "same-origin": "same-origin",
    "same-site": "same-site",
    "cross-site": "cross-site",
    "none": "none",
}
MARKS = {"marked": "1", "unmarked": None, "wrong": "0"}
TYPES = {
    "JSON": "application/json",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain",
    "none": None,
}


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_unsafe_requests_need_all_of_it(world: World, method: str) -> None:
    """Of every combination of origin, fetch metadata, mark and type, only a page of ours gets through."""
    paths = {
        "POST": "/api/v1/tokens",
        "PATCH": "/api/v1/organisation",
        "DELETE": "/api/v1/tokens/tok-000000000000",
    }
    session = world.session()
    passed = set()
    for (o, origin), (s, site), (m, mark), (t, kind) in product(
        ORIGINS.items(), SITES.items(), MARKS.items(), TYPES.items()
    ):
        sent = {
            "Origin": origin,
            "Sec-Fetch-Site": site,
            "X-Berth-CSRF": mark,
            "Content-Type": kind,
        }
        headers = {name: value for name, value in sent.items() if value is not None}
        headers["Cookie"] = f"__Host-berth-session={session}"
        body = b'{"name": "a"}' if method != "DELETE" else b""
        answer = world.client.http.request(method, paths[method], headers=headers, body=body)
        if answer.status_code not in (403, 415):
            passed.add((o, s, m, t))
    assert passed == {
        ("ours", "same-origin", "marked", "JSON"),
        ("ours", "none given", "marked", "JSON"),
    }


def test_safe_requests_need_the_session_alone(world: World) -> None:
    """Reading needs no mark: other sites cannot read the answer."""
    headers = {"Cookie": f"__Host-berth-session={world.session()}", "Sec-Fetch-Site": "cross-site"}
    answer = world.call("GET", "/api/v1/me", headers=headers)
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_token_beside_a_session_counts_alone(world: World) -> None:
    """Where a request shows a token, the browser's session is not looked at."""
    answer = world.browse(
        "GET", "/api/v1/me", world.session(), headers={"Authorization": "Bearer nonsense"}
    )
    assert answer.status_code == 401


def test_no_route_gives_other_sites_leave() -> None:
    """No route answers preflights with leave, whatever Chalice's default is."""
    entries = [entry for methods in app.routes.values() for entry in methods.values()]
    assert len(entries) == len(ROUTES)
    assert [entry.uri_pattern for entry in entries if bool(entry.cors)] == []
