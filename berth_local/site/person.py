"""A person at a browser, as far as signing in goes: redirects, cookies and the issuer's form."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urljoin

import httpx

from berth_local.authority import trust

_FORM = re.compile(r'<form[^>]*\baction="([^"]+)"', re.IGNORECASE)
_PATIENCE = 10


@dataclass(frozen=True, slots=True)
class Person:
    """Who has signed in. ``token`` is a personal token of theirs."""

    name: str
    token: str = field(repr=False)


def sign_in(control_plane: str, authority: Path, name: str, *, code: str = "") -> Person:
    """Sign a person in at the control plane through its issuer, and make them a personal token.

    ``code`` is the bootstrap code or an invitation. Raises RuntimeError where the way ends elsewhere.
    """
    with httpx.Client(verify=trust(authority), timeout=30) as browser:
        return sign_in_by(browser, control_plane, name, code=code)


def sign_in_by(browser: httpx.Client, control_plane: str, name: str, *, code: str = "") -> Person:
    """Sign a person in by a browser of the caller's. Raises RuntimeError where the way ends elsewhere."""
    if code:
        _accept(browser, control_plane, code)
    answer = browse(browser, f"{control_plane}/sign-in", name)
    if str(answer.url).rstrip("/") == control_plane and answer.is_success:
        return Person(name, _make_token(browser, control_plane))
    raise RuntimeError(
        f"signing in ended at {answer.url} with {answer.status_code}: {answer.text[:500]}"
    )


def browse(browser: httpx.Client, address: str, name: str) -> httpx.Response:
    """Go to an address as a person does: follow redirects, fill in the issuer's form; where that ends."""
    answer = browser.get(address)
    for _ in range(_PATIENCE):
        form = _form(answer)
        if answer.is_redirect:
            answer = browser.get(urljoin(str(answer.url), answer.headers["location"]))
        elif form is not None:
            fields = {"prompt": "login", "login": name, "password": "any"}
            answer = browser.post(urljoin(str(answer.url), form), data=fields)
        else:
            break
    return answer


def _accept(browser: httpx.Client, control_plane: str, code: str) -> None:
    """Open the link of a bootstrap code or invitation, and press the page's button."""
    page = browser.get(f"{control_plane}/sign-in?{urlencode({'code': code})}")
    page.raise_for_status()
    pressed = browser.post(
        f"{control_plane}/sign-in", json={"code": code}, headers=_own_page(control_plane)
    )
    pressed.raise_for_status()


def _form(answer: httpx.Response) -> str | None:
    """Address of the issuer's form, where the page has it."""
    if not answer.is_success or "text/html" not in answer.headers.get("content-type", ""):
        return None
    found = _FORM.search(answer.text) if "password" in answer.text else None
    return None if found is None else found[1]


def _make_token(browser: httpx.Client, control_plane: str) -> str:
    answer = browser.post(
        f"{control_plane}/api/v1/tokens",
        json={"name": "this machine", "expires_in_days": 7},
        headers=_own_page(control_plane),
    )
    answer.raise_for_status()
    return str(answer.json()["token"])


def _own_page(control_plane: str) -> dict[str, str]:
    """What a browser says of a request that a page of the control plane makes."""
    return {"Origin": control_plane, "X-Berth-CSRF": "1"}
