"""What a person's browser gets through the gateway."""

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from berth_local.aws.deployment import OWNER, Deployment
from chalicelib.api.routes import ROUTES, Route

pytestmark = pytest.mark.deploy

IDS = {
    "user": "usr-000000000000",
    "token": "tok-000000000000",
    "agent": "ag-000000000000",
    "workspace": "ws-000000000000",
}
"""Of nobody and nothing."""


def test_health_is_answered_by_the_deployed_package(anybody: httpx.Client) -> None:
    """The control plane says through the gateway that it is well, from its zip alone."""
    answer = anybody.get("/healthz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


def test_sign_in_leads_to_the_issuer_and_back_to_the_domain(
    deployment: Deployment, anybody: httpx.Client
) -> None:
    """Whoever signs in is sent to the issuer, which was reached over TLS by the shipped authority."""
    answer = anybody.get("/sign-in")

    assert answer.status_code == 302
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["redirect_uri"] == [f"{deployment.url}/sign-in/callback"]


def test_the_first_person_owns_the_organisation(owner: httpx.Client) -> None:
    """Who signed in with the bootstrap code is the owner, with the name that the issuer gave."""
    answer = owner.get("/api/v1/me")

    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["role"]) == (OWNER, "owner")


def test_what_no_route_serves_never_reaches_the_function(anybody: httpx.Client) -> None:
    """API Gateway refuses unknown paths and methods by itself."""
    for method, path in (("GET", "/nowhere"), ("DELETE", "/healthz")):
        answer = anybody.request(method, path)

        assert answer.status_code == 403
        assert answer.json() == {"message": "Missing Authentication Token"}


def test_a_stranger_is_refused_in_our_words(anybody: httpx.Client) -> None:
    """A request without a credential gets Berth's problem document, not the gateway's message."""
    answer = anybody.get("/api/v1/workspaces")

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_is_deployed(owner: httpx.Client, route: Route) -> None:
    """Each route reaches its handler in the package, which answers in our words and not with a failure."""
    path = re.sub(r"{(\w+?)_id}", lambda found: IDS[found[1]], route.path)

    answer = owner.request(route.method, path)

    assert answer.status_code < 500, answer.text
    assert answer.headers["cache-control"] == "no-store" or route.path == "/openapi.json"
