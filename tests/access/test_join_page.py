"""The page that asks whether to join, in a real browser: its script, its policy, its button."""

import ssl

import httpx
import pytest

from berth_local.authority import Authority
from berth_local.site.browser import Browser
from berth_local.site.control_plane import ControlPlane
from berth_local.site.person import sign_in

pytestmark = pytest.mark.browser


def test_one_button_leads_to_the_issuer_and_in(
    installation: ControlPlane, authority: Authority, trust: ssl.SSLContext
) -> None:
    """An invitation's page names the organisation; its button leads to the issuer's form, and from there in."""
    url = installation.local_url
    owner = sign_in(url, authority.certificate, "robin", code=installation.bootstrap_code)
    made = httpx.post(
        f"{url}/api/v1/invitations",
        json={"role": "developer"},
        headers={"Authorization": f"Bearer {owner.token}"},
        verify=trust,
    ).json()
    with Browser(authority.certificate) as browser:
        page = browser.page
        page.goto(f"{made['url']}&return=%2F%3Ffrom%3Dlink")
        assert "default" in page.locator("h1").inner_text()
        page.click("#join")
        browser.fill_in("sam")
        page.wait_for_selector("text=sam, developer of default")
        landed = page.url
        page.goto(made["url"])
        refused = page.locator("main").inner_text()

    assert landed == f"{url}/?from=link"
    assert "This link lets nobody in" in refused
