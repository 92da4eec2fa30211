"""The start page in a real browser: what it shows of many workspaces, and how often it asks."""

import re
import ssl
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page

from berth_local.authority import Authority
from berth_local.site.browser import Browser
from berth_local.site.control_plane import ControlPlane
from berth_local.site.person import sign_in

pytestmark = pytest.mark.browser

DEVFILE = """\
schemaVersion: 2.2.2
metadata: {name: small}
components: [{name: main, container: {image: "registry.example/dev:1"}}]
"""
MINE, OTHERS = 6, 104
"""Three pages of a list together."""
WATCHED = "away"
"""What a test sets to hide the page."""


@pytest.fixture
def owner(
    installation: ControlPlane, authority: Authority, trust: ssl.SSLContext
) -> Iterator[httpx.Client]:
    """The owner, with a personal token."""
    url = installation.local_url
    person = sign_in(url, authority.certificate, "robin", code=installation.bootstrap_code)
    headers = {"Authorization": f"Bearer {person.token}"}
    with httpx.Client(base_url=url, headers=headers, verify=trust) as client:
        settings = {"settings": {"workspaces_per_user": 500}}
        client.patch("/api/v1/organisation", json=settings).raise_for_status()
        yield client


@pytest.fixture
def agent(owner: httpx.Client) -> str:
    """An agent, which nobody runs."""
    body = {"name": "cluster", "settings": {"zone": "ws.example.com"}}
    return str(owner.post("/api/v1/agents", json=body).raise_for_status().json()["id"])


def create(client: httpx.Client, agent: str, name: str) -> None:
    """Create a workspace."""
    body = {"name": name, "agent_id": agent, "devfile": DEVFILE}
    client.post("/api/v1/workspaces", json=body).raise_for_status()


def asked_of(page: Page) -> list[str]:
    """Return what the page asks for from now on, ids left out; the list grows."""
    asked: list[str] = []
    page.on(
        "request", lambda request: asked.append(re.sub(r"ws-\w+|^https://[^/]+", "", request.url))
    )
    return asked


def test_all_of_ones_workspaces_are_shown_among_many(
    installation: ControlPlane,
    authority: Authority,
    owner: httpx.Client,
    agent: str,
) -> None:
    """Whoever has some of many workspaces sees each of them, wherever in the list they are."""
    url = installation.local_url
    code = owner.post("/api/v1/invitations", json={"role": "developer"}).json()["code"]
    sam = sign_in(url, authority.certificate, "sam", code=code)
    for number in range(OTHERS):
        create(owner, agent, f"theirs-{number}")
    owner.headers["Authorization"] = f"Bearer {sam.token}"
    for number in range(MINE):
        create(owner, agent, f"mine-{number}")

    with Browser(authority.certificate) as browser:
        browser.sign_in(f"{url}/sign-in", "sam")
        browser.page.wait_for_selector("#list:not([hidden])")
        shown = browser.page.locator("#list tbody tr td:first-child").all_inner_texts()

    assert sorted(shown) == [f"mine-{number}" for number in range(MINE)]


def test_a_page_that_nobody_looks_at_asks_nothing(
    installation: ControlPlane, authority: Authority, owner: httpx.Client, agent: str
) -> None:
    """Each five seconds the page asks for each workspace, once a minute for the list, and in the background for neither."""
    create(owner, agent, "one")
    with Browser(authority.certificate) as browser:
        page = browser.page
        page.add_init_script(
            f"Object.defineProperty(document, 'hidden', {{get: () => !!window.{WATCHED}}})"
        )
        page.clock.install()
        browser.sign_in(f"{installation.local_url}/sign-in", "robin")
        page.wait_for_selector("#list:not([hidden])")
        asked = asked_of(page)
        for _ in range(12):
            page.clock.run_for(5_000)
            page.wait_for_load_state("networkidle")
        in_view = list(asked)
        page.evaluate(f"window.{WATCHED} = true")
        page.clock.run_for(60_000)
        page.wait_for_load_state("networkidle")

    assert in_view == ["/api/v1/workspaces/"] * 11 + ["/api/v1/workspaces?owner=me"]
    assert asked == in_view
