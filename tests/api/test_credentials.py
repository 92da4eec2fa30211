"""Who is let in, and who no longer is."""

from collections.abc import Callable
from typing import Any

import pytest
from chalice.test import HTTPResponse

from chalicelib.domain.access.roles import Role
from chalicelib.ports.holders import MOST
from tests.api.world import World

UNKNOWN = {
    "no token": "",
    "no token of ours": "glpat-abcdefghijklmnop",
    "of nobody": "berth_pat_000000000000_000000000000_" + "A" * 43,
    "with separators": "berth_pat_00000000#000_000000000000_" + "A" * 43,
    "of another kind": "berth_agt_000000000000_000000000000_" + "A" * 43,
    "far too long": "berth_pat_000000000000_000000000000_" + "A" * 10_000,
}


@pytest.mark.parametrize("token", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_unknown_tokens_are_refused_alike(world: World, token: str) -> None:
    """Whoever shows no token of a member is told nothing but to get one."""
    headers = {} if token else {"Authorization": "Bearer "}
    answer = world.call("GET", "/api/v1/me", token=token, headers=headers)
    assert answer.status_code == 401
    assert answer.json_body["code"] in ("unknown-credential", "no-credential")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="berth"'


@pytest.mark.parametrize("header", ["Authorization", "Cookie"])
def test_a_credential_that_is_no_text_is_unknown(world: World, header: str) -> None:
    """Half of a surrogate pair in a credential is refused like any unknown one."""
    value = {"Authorization": "Bearer \ud800", "Cookie": "__Host-berth-session=\ud800"}[header]
    assert world.call("GET", "/api/v1/me", headers={header: value}).status_code == 401


def test_a_personal_token_names_its_person(world: World) -> None:
    """A personal token is its person, with the role of the moment."""
    me = world.call("GET", "/api/v1/me", token=world.token()).json_body
    assert (me["id"], me["role"]) == (world.owner.id, "owner")


def test_a_wrong_secret_answers_like_an_unknown_id(world: World) -> None:
    """A wrong secret of a real token and a token that never was get the same answer."""
    token = world.token()
    wrong = world.call("GET", "/api/v1/me", token=token[:-4] + "AAAA")
    never = world.call("GET", "/api/v1/me", token=UNKNOWN["of nobody"])
    assert (wrong.status_code, wrong.body) == (never.status_code, never.body)


def test_a_revoked_token_fails_at_its_next_use(world: World) -> None:
    """A token that was revoked opens nothing any more."""
    token = world.token()
    token_id = world.call("GET", "/api/v1/tokens", token=token).json_body["items"][0]["id"]
    assert world.call("DELETE", f"/api/v1/tokens/{token_id}", token=token).status_code == 204
    assert world.call("GET", "/api/v1/me", token=token).status_code == 401


def test_an_expired_token_fails(world: World) -> None:
    """A token holds as long as was asked for, and not a second longer."""
    made = world.call(
        "POST", "/api/v1/tokens", token=world.token(), body={"name": "ci", "expires_in_days": 1}
    )
    world.clock.at += 24 * 3600 - 1
    assert world.call("GET", "/api/v1/me", token=made.json_body["token"]).status_code == 200
    world.clock.at += 1
    assert world.call("GET", "/api/v1/me", token=made.json_body["token"]).status_code == 401


@pytest.mark.parametrize("days", [None, 30, 1])
def test_a_token_outlives_no_token_that_made_it(world: World, days: int | None) -> None:
    """What is made with a token ends with it, however long is asked for; a shorter life stays short."""
    week = world.browse(
        "POST", "/api/v1/tokens", world.session(), body={"name": "week", "expires_in_days": 7}
    ).json_body
    made = make(world, week["token"], days)

    assert made["expires_at"] <= week["expires_at"]
    assert (made["expires_at"] == week["expires_at"]) is (days != 1)


def test_what_a_token_made_is_revoked_with_it(world: World) -> None:
    """Revoking a token ends all that was made with it, at any remove, and no other."""
    other, first = world.token(), world.token()
    second = make(world, first)["token"]
    third = make(world, second)["token"]
    ids = world.call("GET", "/api/v1/tokens", token=first).json_body["items"]
    first_id = next(each["id"] for each in ids if each["id"][4:] in first)
    assert world.call("DELETE", f"/api/v1/tokens/{first_id}", token=third).status_code == 204

    opened = [
        world.call("GET", "/api/v1/me", token=each).status_code
        for each in (first, second, third, other)
    ]
    assert opened == [401, 401, 401, 200]
    assert world.call("DELETE", f"/api/v1/tokens/{first_id}", token=other).status_code == 404


def make(world: World, token: str, days: int | None = None) -> Any:
    """Make a token with a token; return what the API says of it."""
    body = {"name": "made", "expires_in_days": days}
    answer = world.call("POST", "/api/v1/tokens", token=token, body=body)
    assert answer.status_code == 201, answer.body
    return answer.json_body


def test_tokens_of_others_are_absent(world: World) -> None:
    """Nobody can see or revoke a token of somebody else, not even an owner."""
    theirs = world.token(world.member(Role.DEVELOPER))
    mine = world.token()
    token_id = world.call("GET", "/api/v1/tokens", token=theirs).json_body["items"][0]["id"]
    foreign = world.call("DELETE", f"/api/v1/tokens/{token_id}", token=mine)
    absent = world.call("DELETE", "/api/v1/tokens/tok-000000000000", token=mine)
    assert (foreign.status_code, foreign.body) == (404, absent.body)
    assert world.call("GET", "/api/v1/me", token=theirs).status_code == 200


def test_a_new_role_holds_at_the_next_call(world: World) -> None:
    """What a member may do follows the role of the moment, not of the token's birth."""
    member = world.member(Role.OWNER)
    token = world.token(member)
    assert world.call("GET", "/api/v1/members", token=token).status_code == 200
    world.call(
        "PATCH", f"/api/v1/members/{member.id}", token=world.token(), body={"role": "developer"}
    )
    assert world.call("GET", "/api/v1/members", token=token).status_code == 403


def test_a_removed_member_is_nobody(world: World) -> None:
    """Tokens and sessions of a removed member fail at the next call, used before or not."""
    member = world.member(Role.DEVELOPER)
    token, session = world.token(member), world.session(member)
    used = world.token(member)
    assert world.call("GET", "/api/v1/me", token=used).status_code == 200
    assert (
        world.call("DELETE", f"/api/v1/members/{member.id}", token=world.token()).status_code == 204
    )
    assert world.call("GET", "/api/v1/me", token=token).status_code == 401
    assert world.call("GET", "/api/v1/me", token=used).status_code == 401
    assert world.browse("GET", "/api/v1/me", session).status_code == 401


def test_who_is_asking_is_read_at_once_when_met_before(world: World) -> None:
    """The second call with a token, or in a session, reads the credential and its member together."""
    token, cookie = world.token(), world.session()
    ways: list[Callable[[], HTTPResponse]] = [
        lambda: world.call("GET", "/api/v1/workspaces", token=token),
        lambda: world.browse("GET", "/api/v1/workspaces", cookie),
    ]
    for call in ways:
        counts = []
        for _ in range(3):
            world.store.reset()
            assert call().status_code == 200
            counts.append(world.store.reads)
        assert counts == [3, 2, 2]  # the last of them is that of the list


def test_a_wrong_secret_costs_what_an_unknown_id_costs(world: World) -> None:
    """Nobody learns from the time of an answer that a token exists, although it is in use."""
    token = world.token()
    assert world.call("GET", "/api/v1/me", token=token).status_code == 200
    for shown in (token[:-4] + "AAAA", UNKNOWN["of nobody"]):
        world.store.reset()
        assert world.call("GET", "/api/v1/me", token=shown).status_code == 401
        assert world.store.reads == 1


def test_more_credentials_than_are_remembered_are_let_in(world: World) -> None:
    """A process that has met more credentials than it remembers knows the newest of them."""
    holders = world.ports.holders
    for number in range(3 * MOST):
        holders.learn(number.to_bytes(4, "big"), f"user {number}")
    known = [holders.find(number.to_bytes(4, "big")) for number in range(3 * MOST)]
    assert known[-1] == f"user {3 * MOST - 1}"
    assert sum(each is not None for each in known) <= MOST


def test_the_last_owner_stays(world: World) -> None:
    """An organisation cannot lose its last owner, by role or by removal."""
    token = world.token()
    path = f"/api/v1/members/{world.owner.id}"
    assert (
        world.call("PATCH", path, token=token, body={"role": "auditor"}).json_body["code"]
        == "last-owner"
    )
    assert world.call("DELETE", path, token=token).json_body["code"] == "last-owner"
    other = world.member(Role.OWNER)
    assert world.call("DELETE", path, token=world.token(other)).status_code == 204


def test_a_session_ends_when_idle_and_after_eight_hours(world: World) -> None:
    """A session that is not used for an hour ends, and any ends after eight."""
    idle, busy = world.session(), world.session()
    for _ in range(15):
        world.clock.at += 1900
        assert world.browse("GET", "/api/v1/me", busy).status_code == 200
    assert world.browse("GET", "/api/v1/me", idle).status_code == 401
    world.clock.at += 8 * 3600 - 15 * 1900
    assert world.browse("GET", "/api/v1/me", busy).status_code == 401


def test_signing_out_ends_the_session_in_the_store(world: World) -> None:
    """After signing out the cookie is worth nothing, wherever a copy of it is."""
    session = world.session()
    answer = world.browse("POST", "/sign-out", session)
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert world.browse("GET", "/api/v1/me", session).status_code == 401


def test_two_session_cookies_are_refused(world: World) -> None:
    """A request with our cookie twice is not let in: one of them may be planted."""
    session = world.session()
    cookies = f"__Host-berth-session={session}; __Host-berth-session={world.session()}"
    assert world.call("GET", "/api/v1/me", headers={"Cookie": cookies}).status_code == 400


def test_a_rotated_agent_token_overlaps_and_dies(world: World) -> None:
    """After a rotation both tokens hold, until the overlap is over; then the new one alone."""
    agent = world.agent()
    path = f"/api/v1/agents/{agent.agent.id}/rotate"
    new = world.call("POST", path, token=world.token(), body={"overlap_seconds": 60}).json_body[
        "token"
    ]
    assert [hears(world, agent.token), hears(world, new)] == [200, 200]
    world.clock.at += 60
    assert [hears(world, agent.token), hears(world, new)] == [401, 200]


def test_a_rotation_without_overlap_revokes_at_once(world: World) -> None:
    """A token that leaked is dead at the next call."""
    agent = world.agent()
    path = f"/api/v1/agents/{agent.agent.id}/rotate"
    new = world.call("POST", path, token=world.token(), body={"overlap_seconds": 0}).json_body[
        "token"
    ]
    assert [hears(world, agent.token), hears(world, new)] == [401, 200]


def test_only_the_newest_token_survives_a_second_rotation(world: World) -> None:
    """At most two tokens of an agent hold at a time."""
    agent = world.agent()
    path = f"/api/v1/agents/{agent.agent.id}/rotate"
    second = world.call("POST", path, token=world.token(), body={}).json_body["token"]
    third = world.call("POST", path, token=world.token(), body={}).json_body["token"]
    assert [hears(world, each) for each in (agent.token, second, third)] == [401, 200, 200]


def test_a_retired_agent_and_its_proxy_are_nobody(world: World) -> None:
    """Retiring an agent ends its token and its proxy's at the next call, in the words by which the proxy knows it."""
    agent = world.agent()
    proxy = world.proxy(agent)
    path = f"/api/v1/agents/{agent.agent.id}/retire"
    assert rechecks(world, proxy) == 200
    for _ in range(2):
        assert world.call("POST", path, token=world.token(), body={}).json_body["retired_at"]
    told = recheck(world, proxy)
    assert (hears(world, agent.token), told.status_code) == (401, 401)
    assert told.headers["Content-Type"] == "application/problem+json"


def test_credentials_do_not_stand_in_for_each_other(world: World) -> None:
    """A person's, an agent's and a proxy's token each open their own doors alone."""
    agent = world.agent()
    tokens = {"person": world.token(), "agent": agent.token, "proxy": world.proxy(agent)}
    doors: dict[str, Callable[[str], int]] = {
        "person": lambda token: int(world.call("GET", "/api/v1/me", token=token).status_code),
        "agent": lambda token: hears(world, token),
        "proxy": lambda token: rechecks(world, token),
    }
    opened = {
        (door, who)
        for door, knock in doors.items()
        for who, token in tokens.items()
        if knock(token) == 200
    }
    assert opened == {("person", "person"), ("agent", "agent"), ("proxy", "proxy")}


def test_no_token_is_stored(world: World) -> None:
    """The store holds no token and no session cookie that could be used by who reads it."""
    agent = world.agent()
    secrets = [world.token(), world.session(), agent.token, world.proxy(agent)]
    rows = world.database._connection.execute("SELECT attributes FROM items").fetchall()
    dump = "\n".join(row[0] for row in rows)
    assert [secret for secret in secrets if secret[-20:] in dump] == []


def test_an_idle_agent_costs_one_read(world: World) -> None:
    """A partial report with nothing to say costs one read of the store and, within a minute, no write."""
    agent = world.agent()
    intent = world.call(
        "POST", "/agent/v1/reconcile", token=agent.token, body=partial(-1)
    ).json_body["intent"]
    world.call("POST", "/agent/v1/reconcile", token=agent.token, body=partial(intent))
    world.store.reads = world.store.writes = 0
    answer = world.call("POST", "/agent/v1/reconcile", token=agent.token, body=partial(intent))
    assert (answer.status_code, world.store.reads, world.store.writes) == (200, 1, 0)


def partial(intent: int) -> dict[str, object]:
    return {"update_type": "partial", "epoch": 1, "instance": "a", "intent": intent}


def hears(world: World, token: str) -> int:
    """Return the status of an agent's question."""
    return int(world.call("POST", "/agent/v1/reconcile", token=token, body=partial(-1)).status_code)


def rechecks(world: World, token: str) -> int:
    """Return the status of a proxy's question."""
    return int(recheck(world, token).status_code)


def recheck(world: World, token: str) -> HTTPResponse:
    """Return the answer to a proxy's question."""
    body: dict[str, list[str]] = {"admission_ids": []}
    return world.call("POST", "/agent/v1/admissions/recheck", token=token, body=body)
