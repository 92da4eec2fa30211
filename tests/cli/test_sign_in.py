"""Signing in through the browser: what comes back to the loopback address (RFC 8252)."""

import socket
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from berth_cli.client import Client
from berth_cli.configuration import Configuration
from berth_cli.failures import Exit, Failure
from berth_cli.sign_in import in_browser
from chalicelib.api.auth import SESSION_COOKIE
from chalicelib.domain.access.roles import Role
from tests.cli.installation import Installation


class Person:
    """Signed in at the control plane, and asked by its page whether the command line may act as them."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.member = installation.world.member(Role.DEVELOPER)
        self.session = installation.world.session(self.member)
        self.answers: list[int] = []

    def open(self, address: str) -> bool:
        """See the page, allow it, and let the browser bring the code back."""
        asked = self.asked(address)
        self.bring_back(asked, code=self.allow(asked), state=asked["state"])
        return True

    def asked(self, address: str) -> dict[str, str]:
        """Open the address as a browser does; what it asks for."""
        world, split = self.installation.world, urlsplit(address)
        cookie = {"Cookie": f"{SESSION_COOKIE}={self.session}"}
        page = world.call("GET", f"{split.path}?{split.query}", headers=cookie)
        assert page.status_code == 200
        assert b"asks to act as you" in page.body
        return {name: values[0] for name, values in parse_qs(split.query).items()}

    def allow(self, asked: dict[str, str]) -> str:
        """Press the page's button."""
        body = {"challenge": asked["challenge"]}
        made = self.installation.world.browse(
            "POST", "/api/v1/tokens/grants", self.session, body=body
        )
        assert made.status_code == 201, made.body
        return str(made.json_body["code"])

    def bring_back(self, asked: dict[str, str], **query: str) -> None:
        """Follow the page's redirect to the loopback address."""
        back = httpx.get(f"http://127.0.0.1:{asked['port']}/", params=query, timeout=5)
        self.answers.append(back.status_code)


@pytest.fixture
def person(installation: Installation) -> Person:
    """A developer with a browser."""
    return Person(installation)


@pytest.fixture
def client(installation: Installation) -> Iterator[Client]:
    """The command line before it is signed in."""
    opened = Client(Configuration(installation.url, "", str(installation.authority)))
    yield opened
    opened.close()


def test_what_the_person_allows_becomes_a_token(person: Person, client: Client) -> None:
    """The token that comes back acts as the person, and the page says that they may close it."""
    token = in_browser(client, person.open)

    me = person.installation.world.call("GET", "/api/v1/me", token=token).json_body
    assert me["id"] == person.member.id
    assert person.answers == [200]


def test_a_code_of_another_request_is_refused(person: Person, client: Client) -> None:
    """A wrong state, none, and one that is no ASCII are answered 404, and change nothing."""

    def open_browser(address: str) -> bool:
        asked = person.asked(address)
        for state in ("wrong", "", "näh"):
            person.bring_back(asked, code="code-of-a-stranger", state=state)
        person.bring_back(asked, state=asked["state"])
        person.bring_back(asked, code=person.allow(asked), state=asked["state"])
        return True

    token = in_browser(client, open_browser)

    assert person.answers == [404, 404, 404, 404, 200]
    assert person.installation.world.call("GET", "/api/v1/me", token=token).status_code == 200


def test_a_connection_that_says_nothing_holds_up_nobody(person: Person, client: Client) -> None:
    """Browsers open connections ahead; the one with the code is answered all the same."""

    def open_browser(address: str) -> bool:
        port = int(parse_qs(urlsplit(address).query)["port"][0])
        with socket.create_connection(("127.0.0.1", port)):
            return person.open(address)

    assert in_browser(client, open_browser)
    assert person.answers == [200]


def test_a_code_without_its_verifier_is_worth_nothing(person: Person, client: Client) -> None:
    """A code that was granted to another challenge is refused by the control plane."""

    def open_browser(address: str) -> bool:
        asked = person.asked(address)
        stolen = person.allow(asked | {"challenge": "A" * 43})
        person.bring_back(asked, code=stolen, state=asked["state"])
        return True

    with pytest.raises(Failure) as failed:
        in_browser(client, open_browser)
    assert failed.value.code == Exit.SIGNED_OUT


def test_no_browser_opens_for_a_control_plane_that_does_not_answer() -> None:
    """Who types a wrong address hears so before any browser opens."""
    opened: list[str] = []

    def open_browser(address: str) -> bool:
        opened.append(address)
        return True

    with (
        closing(Client(Configuration("https://127.0.0.1:1"))) as client,
        pytest.raises(Failure) as failed,
    ):
        in_browser(client, open_browser)
    assert failed.value.code == Exit.UNREACHABLE
    assert opened == []
