"""From a browser at an endpoint's door to the proxy's admission, and how long that holds."""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from chalice.test import HTTPResponse

from chalicelib.domain.access.member import Member
from chalicelib.domain.access.roles import Role
from chalicelib.usecases.agents.register import AgentWithToken
from tests.api.world import World

VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Door:
    """A workspace's terminal, whose it is, and the agent it runs on."""

    world: World
    agent: AgentWithToken
    owner: Member
    workspace: str
    session: str

    @property
    def host(self) -> str:
        return f"7681-{self.workspace}.ws.berth.test"

    def knock(self, session: str = "", **changes: str) -> HTTPResponse:
        """Come as the proxy sends a browser."""
        asked = {"host": self.host, "path": "/some?x=1", "challenge": CHALLENGE, **changes}
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in asked.items())
        return self.world.browse("GET", f"/enter?{query}", session or self.session)

    def ticket(self) -> str:
        """Return a fresh ticket."""
        location = str(self.knock().headers["Location"])
        return parse_qs(urlsplit(location).query)["ticket"][0]

    def redeem(self, ticket: str, *, proxy: str = "", **changes: str) -> HTTPResponse:
        """Redeem a ticket as the proxy does."""
        body = {"ticket": ticket, "host": self.host, "verifier": VERIFIER, **changes}
        token = proxy or self.world.proxy(self.agent)
        return self.world.call("POST", "/agent/v1/admissions", token=token, body=body)

    def ended(self, *ids: str) -> list[str]:
        """Ask as the proxy does which admissions hold no longer."""
        token, body = self.world.proxy(self.agent), {"admission_ids": list(ids)}
        answer = self.world.call("POST", "/agent/v1/admissions/recheck", token=token, body=body)
        ended: list[str] = answer.json_body["ended"]
        return ended


@pytest.fixture
def door(world: World) -> Door:
    """A workspace of a developer."""
    agent, owner = world.agent(), world.member(Role.DEVELOPER)
    workspace: Any = world.workspace(agent, owner)
    return Door(world, agent, owner, workspace["id"], world.session(owner))


def test_its_owner_gets_in(door: Door) -> None:
    """The owner is sent to the endpoint with a ticket that the proxy trades for an admission."""
    answer = door.knock()
    assert answer.status_code == 303
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Location"].startswith(
        f"https://{door.host}/.well-known/berth/enter?ticket="
    )
    admission = door.redeem(door.ticket()).json_body
    assert admission["workspace_id"] == door.workspace
    assert (admission["port"], admission["host"], admission["path"]) == (
        7681,
        door.host,
        "/some?x=1",
    )
    assert admission["expires"] == int(door.world.clock.at) + 8 * 3600
    assert door.ended(admission["admission_id"]) == []


def test_each_entry_is_written_down(door: Door) -> None:
    """Who entered what is in the audit log, once for each ticket that was redeemed."""
    entries = [door.redeem(door.ticket()).json_body["admission_id"] for _ in range(2)]
    ticket = door.ticket()
    entries.append(door.redeem(ticket).json_body["admission_id"])
    assert door.redeem(ticket).status_code == 404

    log = door.world.call("GET", "/api/v1/audit/records", token=door.world.token()).json_body
    told = {
        each["subject"]: (each["actor"], each["detail"])
        for each in log["items"]
        if each["action"] == "workspaces:enter"
    }
    assert told == dict.fromkeys(entries, (door.owner.id, f"{door.workspace} port 7681"))


def test_without_a_session_one_signs_in_first(door: Door) -> None:
    """A browser without a session is sent to sign in, and comes back to the same question."""
    answer = door.knock(session="nonsense")
    assert answer.status_code == 302
    location = urlsplit(answer.headers["Location"])
    assert location.path == "/sign-in"
    back = urlsplit(parse_qs(location.query)["return"][0])
    assert back.path == "/enter"
    asked = {name: values[0] for name, values in parse_qs(back.query).items()}
    assert asked == {"host": door.host, "path": "/some?x=1", "challenge": CHALLENGE}


def test_a_personal_token_does_not_enter(door: Door) -> None:
    """Entering needs a browser's session: a token is not enough to make a ticket."""
    path = f"/enter?host={door.host}&challenge={CHALLENGE}"
    answer = door.world.call("GET", path, token=door.world.token(door.owner))
    assert (answer.status_code, urlsplit(answer.headers["Location"]).path) == (302, "/sign-in")


@pytest.mark.parametrize("role", Role)
def test_nobody_else_gets_in(door: Door, role: Role) -> None:
    """Whoever is not the owner, whatever the role, sees what one sees where nothing is."""
    session = door.world.session(door.world.member(role))
    stranger = door.knock(session=session)
    absent = door.knock(host="7681-ws-000000000000.ws.berth.test")
    assert (stranger.status_code, stranger.body) == (404, absent.body)


@pytest.mark.parametrize(
    "host",
    [
        "7682-{ws}.ws.berth.test",
        "7681-{ws}.evil.test",
        "7681-{ws}.ws.berth.test.evil.test",
        "7681-{ws}.ws.berth.test:444",
        "07681-{ws}.ws.berth.test",
        "{ws}.ws.berth.test",
        "7681-{ws}.ws.berth.test/path",
        "7681-{ws}.ws.berth.test@evil.test",
        "evil.test#7681-{ws}.ws.berth.test",
        "7681-{ws}.ws.berth.test\r\nX: y",
    ],
)
def test_only_endpoints_of_the_workspace_exist(door: Door, host: str) -> None:
    """A port that is not exposed, another zone and any trick with the host lead nowhere."""
    assert door.knock(host=host.format(ws=door.workspace)).status_code == 404


@pytest.mark.parametrize(
    "path", ["//evil.test", "/\\evil.test", "https://evil.test", "", "/\ta", "evil"]
)
def test_paths_are_paths(door: Door, path: str) -> None:
    """What the browser wants there is a path, never an address."""
    assert door.knock(path=path).status_code == 422


def test_a_ticket_works_once(door: Door) -> None:
    """The second redemption of a ticket is refused."""
    ticket = door.ticket()
    assert [door.redeem(ticket).status_code for _ in range(2)] == [200, 404]


def test_a_ticket_is_for_one_browser_host_and_agent(door: Door) -> None:
    """A ticket is refused from another browser, for another host, from another agent's proxy, altered, and late."""
    other = door.world.agent()
    ticket = door.ticket()
    refused = [
        door.redeem(ticket, verifier="w" * 43),
        door.redeem(ticket, host=f"8080-{door.workspace}.ws.berth.test"),
        door.redeem(ticket, proxy=door.world.proxy(other)),
        door.redeem(ticket[:-2] + ("AA" if ticket[-2:] != "AA" else "BB")),
    ]
    assert [answer.status_code for answer in refused] == [404] * 4
    door.world.clock.at += 30
    assert door.redeem(ticket).status_code == 404


def test_a_ticket_of_who_left_is_worthless(door: Door) -> None:
    """Between ticket and redemption rights are asked again."""
    ticket = door.ticket()
    door.world.call("DELETE", f"/api/v1/members/{door.owner.id}", token=door.world.token())
    assert door.redeem(ticket).status_code == 404


def admitted(door: Door) -> str:
    return str(door.redeem(door.ticket()).json_body["admission_id"])


def test_signing_out_ends_admissions(door: Door) -> None:
    """Who signs out is out of the workspace at the next recheck."""
    admission = admitted(door)
    door.world.browse("POST", "/sign-out", door.session)
    assert door.ended(admission) == [admission]


def test_removal_ends_admissions(door: Door) -> None:
    """Who is removed is out of the workspace at the next recheck."""
    admission = admitted(door)
    door.world.call("DELETE", f"/api/v1/members/{door.owner.id}", token=door.world.token())
    assert door.ended(admission) == [admission]


def test_a_lost_role_ends_admissions(door: Door) -> None:
    """Who may enter no workspace any more is out at the next recheck."""
    admission = admitted(door)
    path = f"/api/v1/members/{door.owner.id}"
    door.world.call("PATCH", path, token=door.world.token(), body={"role": "auditor"})
    assert door.ended(admission) == [admission]


def test_termination_ends_admissions(door: Door) -> None:
    """A workspace that is to be terminated lets nobody in any more."""
    admission = admitted(door)
    door.world.call(
        "DELETE", f"/api/v1/workspaces/{door.workspace}", token=door.world.token(door.owner)
    )
    assert door.ended(admission) == [admission]
    assert door.knock().status_code == 404


def test_admissions_live_as_long_as_their_session(door: Door) -> None:
    """An idle page of ours does not end work in the workspace; the session's longest life does."""
    admission = admitted(door)
    door.world.clock.at += 7 * 3600
    assert door.ended(admission) == []
    door.world.clock.at += 3600
    assert door.ended(admission) == [admission]


def test_admissions_of_others_are_unknown(door: Door) -> None:
    """To a proxy the admissions of another agent are as unknown as those that never were."""
    admission = admitted(door)
    other = door.world.agent()
    body = {"admission_ids": [admission, "adm-000000000000"]}
    answer = door.world.call(
        "POST", "/agent/v1/admissions/recheck", token=door.world.proxy(other), body=body
    )
    assert answer.json_body["ended"] == body["admission_ids"]


def test_many_admissions_are_rechecked_in_few_reads(door: Door) -> None:
    """A thousand ids cost reads by the hundred, not one by one."""
    token = door.world.proxy(door.agent)
    ids = [admitted(door) for _ in range(3)] + [f"adm-{number:012}" for number in range(997)]
    door.world.store.reads = 0
    answer = door.world.call(
        "POST", "/agent/v1/admissions/recheck", token=token, body={"admission_ids": ids}
    )
    assert answer.json_body["ended"] == ids[3:]
    assert door.world.store.reads <= 12
