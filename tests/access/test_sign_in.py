"""Signing in through the browser, and everything that somebody else could try with it."""

import ssl
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from chalice.test import HTTPResponse

from chalicelib.domain.access.return_path import is_return_path
from tests.access.conftest import sign_in_at
from tests.access.issuers import REDIRECT, Issuer, LyingIssuer
from tests.api.world import CODE, URL, World

OWN_PAGE = {"Origin": URL, "Sec-Fetch-Site": "same-origin", "X-Berth-CSRF": "1"}
"""What a browser says of a request that a page of ours makes."""
JOIN_COOKIE = "__Host-berth-join"


@dataclass
class Browser:
    """A browser: it keeps cookies and follows what it is told."""

    world: World
    issuer: Issuer
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, address: str) -> HTTPResponse:
        """Open an address of the control plane."""
        parts = urlsplit(address)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        answer = self.world.call("GET", path, headers=self._cookies())
        self._keep(answer)
        return answer

    def press(self, code: str, **changes: str) -> HTTPResponse:
        """Press the button of the page that asks whether to join; ``changes`` are of its headers."""
        headers = {**OWN_PAGE, **self._cookies(), **changes}
        answer = self.world.call("POST", "/sign-in", body={"code": code}, headers=headers)
        self._keep(answer)
        return answer

    def open(self, query: str) -> HTTPResponse:
        """Open a link to sign in; where a page asks whether to join, accept and go on."""
        answer = self.get(f"/sign-in{query}")
        asked = parse_qs(query.removeprefix("?"))
        if answer.status_code != 200 or "code" not in asked:
            return answer
        assert self.press(asked.pop("code")[0]).status_code == 204
        return self.get("/sign-in?" + urlencode(asked, doseq=True))

    def start(self, query: str = "") -> str:
        """Begin to sign in; return the issuer's address."""
        answer = self.open(query)
        assert answer.status_code == 302, answer.body
        return str(answer.headers["Location"])

    def sign_in(self, person: str = "robin", query: str = "") -> HTTPResponse:
        """Sign in from start to end, or as far as one gets."""
        answer = self.open(query)
        if answer.status_code != 302:
            return answer
        return self.get(self.issuer.authorize(str(answer.headers["Location"]), person))

    def me(self) -> HTTPResponse:
        """Ask who one is."""
        return self.get("/api/v1/me")

    def _cookies(self) -> dict[str, str]:
        text = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": text} if text else {}

    def _keep(self, answer: HTTPResponse) -> None:
        given: str | list[str] = answer.headers.get("Set-Cookie", [])
        for line in given if isinstance(given, list) else [given]:
            name, _, value = line.partition(";")[0].partition("=")
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value


@pytest.fixture
def browser(world: World, issuer: Issuer, trust: ssl.SSLContext) -> Browser:
    """A fresh browser at an installation that signs in at each issuer."""
    sign_in_at(world, issuer, trust)
    return Browser(world, issuer)


@pytest.fixture
def ours(world: World, lying_issuer: LyingIssuer, trust: ssl.SSLContext) -> Browser:
    """A fresh browser at an installation that signs in at our own issuer."""
    sign_in_at(world, lying_issuer, trust)
    return Browser(world, lying_issuer)


def test_the_first_person_with_the_code_owns_the_installation(browser: Browser) -> None:
    """The bootstrap code makes its bearer the owner of a new organisation, and no second person."""
    answer = browser.sign_in(query=f"?code={CODE}")
    assert (answer.status_code, answer.headers["Location"]) == (303, URL + "/")
    me = browser.me().json_body
    assert (me["name"], me["role"], me["organisation"]["name"]) == ("robin", "owner", "default")
    late = Browser(browser.world, browser.issuer)
    assert late.sign_in("sam", f"?code={CODE}").status_code == 403
    assert late.me().status_code == 401


def test_members_come_back_as_who_they_are(browser: Browser) -> None:
    """A second sign-in of a member needs no code and finds the same member."""
    browser.sign_in(query=f"?code={CODE}")
    again = Browser(browser.world, browser.issuer)
    again.sign_in()
    assert again.me().json_body["id"] == browser.me().json_body["id"]


def test_an_invitation_lets_one_person_in(browser: Browser) -> None:
    """An invitation makes one person a member with its role, once, within a week."""
    world = browser.world
    invitations = [
        world.call(
            "POST", "/api/v1/invitations", token=world.token(), body={"role": "auditor"}
        ).json_body
        for _ in range(2)
    ]
    query = "?" + urlsplit(invitations[0]["url"]).query
    assert browser.sign_in("sam", query).status_code == 303
    assert browser.me().json_body["role"] == "auditor"
    assert Browser(world, browser.issuer).sign_in("kim", query).status_code == 403
    world.clock.at += 7 * 24 * 3600
    query = "?" + urlsplit(invitations[1]["url"]).query
    assert Browser(world, browser.issuer).sign_in("kim", query).status_code == 403


@pytest.mark.parametrize(
    "query",
    ["", "?code=guess-the-bootstrap-code", "?code=berth_inv_000000000000_000000000000_AAAA"],
)
def test_strangers_are_told_what_to_do(ours: Browser, query: str) -> None:
    """Whoever is no member and has no valid code gets a page that says whom to ask, and no session."""
    answer = ours.sign_in("stranger", query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    assert b"Ask an owner for an invitation" in answer.body
    assert ours.me().status_code == 401


def invited(world: World, role: str = "auditor") -> str:
    """Return the code of a new invitation."""
    made = world.call("POST", "/api/v1/invitations", token=world.token(), body={"role": role})
    return str(made.json_body["code"])


def test_a_link_alone_joins_nothing(ours: Browser) -> None:
    """Whoever follows a stranger's link is asked first, by name and role, and is nobody until they press the button."""
    code = invited(ours.world)
    page = ours.get(f"/sign-in?code={code}")

    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    offer = "a member of the organisation “acme”, with the role auditor"
    assert offer in page.body.decode()
    assert ours.cookies == {}
    assert ours.sign_in("victim").status_code == 403
    assert ours.press(code).status_code == 204
    assert ours.sign_in("victim").status_code == 303


def test_an_organisation_has_no_say_in_the_page(ours: Browser) -> None:
    """A name with marks of HTML is shown as it is written."""
    world, name = ours.world, "<b onclick=x>Acme</b>"
    world.call("PATCH", "/api/v1/organisation", token=world.token(), body={"name": name})
    page = ours.get(f"/sign-in?code={invited(world)}")

    assert b"&lt;b onclick=x&gt;Acme&lt;/b&gt;" in page.body
    assert name.encode() not in page.body


@pytest.mark.parametrize(
    "changes, status",
    [
        ({"Origin": "https://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-Berth-CSRF": ""}, 403),
        ({"Content-Type": "text/plain"}, 415),
    ],
    ids=["origin", "opaque origin", "site", "header", "form"],
)
def test_another_site_accepts_nothing(ours: Browser, changes: dict[str, str], status: int) -> None:
    """A request to join that no page of ours made sets no cookie."""
    assert ours.press(invited(ours.world), **changes).status_code == status
    assert JOIN_COOKIE not in ours.cookies


def test_a_code_that_was_used_up_is_not_accepted(ours: Browser) -> None:
    """Between page and button the code may be used by another: the person is told, and is sent nowhere."""
    code = invited(ours.world)
    Browser(ours.world, ours.issuer).sign_in("quick", f"?code={code}")
    answer = ours.press(code)

    assert (answer.status_code, answer.json_body["code"]) == (403, "code-refused")
    assert JOIN_COOKIE not in ours.cookies


def test_the_bootstrap_code_says_what_it_does(ours: Browser) -> None:
    """Before the first owner its page says that one becomes the owner; afterwards it opens nothing."""
    page = ours.get(f"/sign-in?code={CODE}")
    assert b"makes you the owner of this installation" in page.body
    ours.sign_in(query=f"?code={CODE}")

    assert ours.get(f"/sign-in?code={CODE}").status_code == 403


def test_nobody_bootstraps_without_a_code(ours: Browser) -> None:
    """An installation without a bootstrap code takes no code for it, not even an empty one."""
    ours.world.change_site(bootstrap_code="")
    assert ours.sign_in("stranger").status_code == 403


def test_a_removed_member_is_a_stranger(ours: Browser) -> None:
    """Who was removed signs in as a stranger, and comes back by invitation as somebody new."""
    ours.sign_in(query=f"?code={CODE}")
    owner = ours.me().json_body["id"]
    session = ours.cookies["__Host-berth-session"]
    world = ours.world
    made = world.browse("POST", "/api/v1/invitations", session, body={"role": "owner"}).json_body
    sam = Browser(world, ours.issuer)
    sam.sign_in("sam", f"?code={made['code']}")
    world.browse("DELETE", f"/api/v1/members/{owner}", sam.cookies["__Host-berth-session"])
    assert ours.sign_in().status_code == 403
    made = world.browse(
        "POST",
        "/api/v1/invitations",
        sam.cookies["__Host-berth-session"],
        body={"role": "developer"},
    ).json_body
    ours.sign_in(query=f"?code={made['code']}")
    assert ours.me().json_body["id"] != owner


def test_each_sign_in_has_a_session_of_its_own(ours: Browser) -> None:
    """A session cookie that was there before is replaced, never taken over."""
    ours.cookies["__Host-berth-session"] = "org-000000000000.ses-000000000000.planted"
    ours.sign_in(query=f"?code={CODE}")
    first = ours.cookies["__Host-berth-session"]
    ours.sign_in()
    assert (
        len(
            {
                first,
                ours.cookies["__Host-berth-session"],
                "org-000000000000.ses-000000000000.planted",
            }
        )
        == 3
    )


def test_cookies_are_host_only_and_out_of_reach(ours: Browser) -> None:
    """Each cookie is `__Host-`, Secure, HttpOnly, Lax, without Domain, and under 4 KiB."""
    pressed, started = ours.press(CODE), ours.get("/sign-in")
    finished = ours.get(ours.issuer.authorize(started.headers["Location"], "robin"))
    lines = [
        pressed.headers["Set-Cookie"],
        *started.headers["Set-Cookie"],
        *finished.headers["Set-Cookie"],
    ]
    assert len(lines) == 4
    for line in lines:
        name, *attributes = (part.strip() for part in line.split(";"))
        assert name.startswith("__Host-berth-")
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(attributes)
        assert not any(attribute.lower().startswith("domain") for attribute in attributes)
        assert len(line) < 4096


def test_no_code_reaches_the_issuer(ours: Browser) -> None:
    """What makes one a member stays between browser and control plane."""
    assert CODE not in ours.start(f"?code={CODE}")


def test_a_state_works_once(ours: Browser) -> None:
    """The callback's address opened a second time is refused and opens no session."""
    callback = ours.issuer.authorize(ours.start(f"?code={CODE}"), "robin")
    assert ours.get(callback).status_code == 303
    ours.cookies.pop("__Host-berth-session")
    assert ours.get(callback).status_code == 401
    assert "__Host-berth-session" not in ours.cookies


def test_a_state_is_of_its_browser(ours: Browser) -> None:
    """The callback of an attacker's sign-in is refused in another browser, signed in there or not."""
    ours.sign_in(query=f"?code={CODE}")
    attacker = Browser(ours.world, ours.issuer)
    callback = attacker.issuer.authorize(attacker.start(), "robin")
    victim = Browser(ours.world, ours.issuer)
    assert victim.get(callback).status_code == 401
    victim.start()
    assert victim.get(callback).status_code == 401
    assert "__Host-berth-session" not in victim.cookies


def test_a_state_holds_for_ten_minutes(ours: Browser) -> None:
    """A sign-in that took longer than ten minutes has to be started again."""
    callback = ours.issuer.authorize(ours.start(f"?code={CODE}"), "robin")
    ours.world.clock.at += 600
    assert ours.get(callback).status_code == 401


@pytest.mark.parametrize(
    "callback",
    ["?code=x", "?state=&code=x", "?state=a.b.c&code=x", f"?state={'a' * 5000}&code=x", ""],
)
def test_a_callback_out_of_nothing_is_refused(ours: Browser, callback: str) -> None:
    """A callback that no sign-in of ours led to is refused."""
    ours.start()
    assert ours.get("/sign-in/callback" + callback).status_code in (401, 422)
    assert "__Host-berth-session" not in ours.cookies


def test_a_refusal_of_the_issuer_is_told(ours: Browser) -> None:
    """When the issuer says no, the person is told and may try again."""
    state = parse_qs(urlsplit(ours.start()).query)["state"][0]
    answer = ours.get(f"{REDIRECT}?error=access_denied&state={state}")
    assert answer.status_code == 401
    assert b"did not sign you in" in answer.body


def test_an_issuer_that_is_away_is_told(ours: Browser) -> None:
    """When the issuer does not answer, the person is told so, with a time to wait."""
    assert isinstance(ours.issuer, LyingIssuer)
    ours.issuer.answer = b"nonsense"
    answer = ours.get("/sign-in")
    assert answer.status_code == 503


def test_twenty_tabs_sign_in_side_by_side(ours: Browser) -> None:
    """Twenty sign-ins at once in one browser all work, in any order, on one cookie."""
    ours.sign_in(query=f"?code={CODE}")
    callbacks = [
        ours.issuer.authorize(ours.start(f"?return=/tab/{tab}"), "robin") for tab in range(20)
    ]
    assert len(ours.cookies) <= 3
    answers = [ours.get(callback) for callback in reversed(callbacks)]
    assert [answer.headers["Location"] for answer in answers] == [
        f"{URL}/tab/{tab}" for tab in reversed(range(20))
    ]


def test_one_comes_back_to_where_one_was(ours: Browser) -> None:
    """After signing in the browser is sent to the path, with its query, that it came from."""
    back = "/enter?host=a&path=%2Fx%3Fy%3D1&challenge=c"
    answer = ours.sign_in(query=f"?code={CODE}&return={quote(back, safe='')}")
    assert answer.headers["Location"] == URL + back


def test_names_follow_the_issuer(ours: Browser) -> None:
    """A name that changed at the issuer changes here, and never who one is."""
    ours.sign_in(query=f"?code={CODE}")
    before = ours.me().json_body["id"]
    assert isinstance(ours.issuer, LyingIssuer)
    ours.issuer.claims = {"name": "Robin the New", "email": "owner@example.com"}
    ours.sign_in()
    after = ours.me().json_body
    assert (after["id"], after["name"], after["email"]) == (
        before,
        "Robin the New",
        "owner@example.com",
    )


def test_an_equal_address_is_not_an_equal_person(ours: Browser) -> None:
    """Whoever has a member's e-mail address but another subject is a stranger."""
    ours.sign_in("robin", f"?code={CODE}")
    assert isinstance(ours.issuer, LyingIssuer)
    ours.issuer.claims = {"email": "robin@example.com", "name": "robin"}
    assert Browser(ours.world, ours.issuer).sign_in("mallory").status_code == 403


HOSTS = [
    "evil.test",
    "evil.test/path",
    "user@evil.test",
    "berth.test.evil.test",
    "berth.test@evil.test",
    "[::1]",
    "evil%2etest",
]
STARTS = [
    "//",
    "///",
    "////",
    "/\\",
    "\\/",
    "\\\\",
    "/\\/",
    "https://",
    "https:",
    "https:/",
    "http://",
    "HTTPS://",
    "javascript:",
    "data:text/html,",
    "/\t/",
    "/\n/",
    "/\r/",
    "\t//",
    " //",
    "/ /",
    "\x00//",
    "/\x00/",
    "%09//",
    "//%09",
    "///\\;@",
    "?//",
    "#//",
    "",
    ".",
    "..//",
    "/\u2215",
    "\uff0f\uff0f",
]
HOSTILE = sorted({start + host for start in STARTS for host in HOSTS})


def test_the_corpus_is_large() -> None:
    """There are at least 200 hostile targets."""
    assert len(HOSTILE) >= 200


@pytest.mark.parametrize("target", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_targets_are_refused(target: str) -> None:
    """No address that a browser could take for another site is a return path."""
    assert not is_return_path(target)


@pytest.mark.parametrize(
    "target", ["//evil.test", "/\\evil.test", "https://evil.test", "/a\\b", "/" + "a" * 2048, "/ä"]
)
def test_hostile_targets_start_no_sign_in(ours: Browser, target: str) -> None:
    """A sign-in that would end on another site is not even started."""
    answer = ours.get(f"/sign-in?return={quote(target, safe='')}")
    assert answer.status_code == 422
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    "target",
    ["/", "/workspaces", "/enter?host=a&path=%2F%2Fevil.test", "/a//b", "/@evil.test", "/?//"],
)
def test_paths_of_ours_are_return_paths(target: str) -> None:
    """Every path of this site is taken, whatever is in its query."""
    assert is_return_path(target)
