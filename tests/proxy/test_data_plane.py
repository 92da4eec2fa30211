"""What the proxy lets through, and what it does not, by a real HAProxy."""

import asyncio
import time
from collections.abc import Iterator, Mapping

import aiohttp
import jwt
import pytest

from berth_proxy.sessions import TYPE, Session, mint
from tests.proxy.stack import ANN, BOB, Stack, cookie, seen


@pytest.fixture
def routed(stack: Stack) -> Iterator[Stack]:
    """A stack that knows Ann's workspace and nothing from tests before."""
    stack.moment = 0
    stack.control_plane.ended.clear()
    stack.control_plane.available = True
    stack.control_plane.refusal = None
    stack.control_plane.in_pieces = False
    stack.route(ANN)
    yield stack
    stack.unroute(ANN)
    stack.unroute(BOB)


def session_for(
    stack: Stack, workspace_id: str = ANN, changes: Mapping[str, object] | None = None
) -> str:
    """Return a good session cookie of the workspace's endpoint, or one that differs in a claim."""
    changes, now = changes or {}, time.time()
    host = stack.host(workspace_id).partition(":")[0]
    claims = {
        "aud": host,
        "sub": workspace_id,
        "sid": f"adm-{workspace_id[-9:]}xyz",
        "until": int(now) + 3600,
        "iat": int(now),
        "exp": int(now) + 300,
    } | {name: value for name, value in changes.items() if name not in {"key", "algorithm"}}
    claims = {name: value for name, value in claims.items() if value is not None}
    key = str(changes.get("key", stack.keys[0]))
    algorithm = str(changes.get("algorithm", "HS256"))
    key = "" if algorithm == "none" else key
    return jwt.encode(claims, key, algorithm=algorithm, headers={"typ": TYPE})


def test_a_stranger_is_sent_to_sign_in(routed: Stack) -> None:
    """Without a session a page leads to the control plane, with where to come back to and a bound challenge."""
    answer = routed.ask(routed.host(ANN), "/deep/page?x=1")

    location = answer.headers["Location"]
    assert answer.status == 303
    assert location.startswith(
        f"{routed.settings.control_plane_url}/enter?host={routed.upstream}-{ANN}."
    )
    assert "path=%2Fdeep%2Fpage%3Fx%3D1" in location
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_whole_way_in(routed: Stack) -> None:
    """A ticket becomes a session; the session reaches the workspace at the path that was asked for."""
    session = routed.sign_in(ANN)
    answer = routed.ask(routed.host(ANN), "/after?x=1", Cookie=f"__Host-berth={session}")

    assert seen(answer)["path"] == "/after?x=1"


def test_every_cookie_of_ours_is_bound_to_its_host(routed: Stack) -> None:
    """Both cookies are host-only, secure, out of scripts' reach and lax."""
    first = routed.ask(routed.host(ANN))
    pre = cookie(first, "__Host-berth-pre")
    routed.control_plane.challenges["t"] = first.headers["Location"].rpartition("challenge=")[2]
    entered = routed.ask(
        routed.host(ANN), "/.well-known/berth/enter?ticket=t", Cookie=f"__Host-berth-pre={pre}"
    )
    lines = [
        line for answer in (first, entered) for line in answer.headers.get_all("Set-Cookie") or []
    ]

    assert len(lines) == 2
    for line in lines:
        assert line.startswith("__Host-berth")
        assert all(part in line for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"))
        assert "Domain" not in line


@pytest.mark.parametrize(
    "pre", ["", "another-browsers-secret-which-is-43-chars-long"], ids=["none", "another's"]
)
def test_a_ticket_in_another_browser_opens_nothing(routed: Stack, pre: str) -> None:
    """A ticket without the pre-session cookie that it was made for is refused."""
    first = routed.ask(routed.host(ANN))
    routed.control_plane.challenges["t"] = first.headers["Location"].rpartition("challenge=")[2]
    answer = routed.ask(
        routed.host(ANN), "/.well-known/berth/enter?ticket=t", Cookie=f"__Host-berth-pre={pre}"
    )

    assert answer.status == 403
    assert answer.headers.get_all("Set-Cookie") is None


def test_a_ticket_for_another_workspace_opens_nothing(routed: Stack) -> None:
    """An admission to Bob's workspace gives no session on Ann's host."""
    first = routed.ask(routed.host(ANN))
    pre = cookie(first, "__Host-berth-pre")
    routed.control_plane.challenges["t"] = first.headers["Location"].rpartition("challenge=")[2]
    routed.control_plane.workspace_id = BOB
    answer = routed.ask(
        routed.host(ANN), "/.well-known/berth/enter?ticket=t", Cookie=f"__Host-berth-pre={pre}"
    )

    assert answer.status == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "0" * 64},
        {"aud": "7681-ws-000000000bob.workspaces.localhost"},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"algorithm": "none"},
        {"algorithm": "HS512"},
    ],
    ids=["key", "audience", "no audience", "expired", "no expiry", "none", "algorithm"],
)
def test_a_session_that_is_not_quite_right_is_none(
    routed: Stack, changes: dict[str, object]
) -> None:
    """A cookie that differs from a good one in a single point leads to sign-in."""
    bad = session_for(routed, changes=changes)

    assert seen(routed.ask(routed.host(ANN), Cookie=f"__Host-berth={session_for(routed)}"))
    assert routed.ask(routed.host(ANN), Cookie=f"__Host-berth={bad}").status == 303


def test_a_session_opens_one_workspace_only(routed: Stack) -> None:
    """Ann's cookie on Bob's host leads to sign-in."""
    routed.route(BOB)
    ann = session_for(routed)

    assert routed.ask(routed.host(BOB), Cookie=f"__Host-berth={ann}").status == 303


@pytest.mark.parametrize(
    "cookies, left",
    [
        ("__Host-berth={s}", None),
        ("a=1; __Host-berth={s}; b=2", "a=1;  b=2"),
        ("__Host-berth={s}; b=2", "b=2"),
        ("x__Host-berth=keep; __Host-berth={s}", "x__Host-berth=keep;"),
        ("a=1; __Host-berth={s}; __Host-berth-pre=secret", "a=1;"),
    ],
)
def test_the_workspace_never_sees_our_cookies(
    routed: Stack, cookies: str, left: str | None
) -> None:
    """Our cookies are stripped wherever they stand; the workspace's own stay."""
    answer = routed.ask(routed.host(ANN), Cookie=cookies.format(s=session_for(routed)))
    names = {name.lower(): value for name, value in seen(answer)["headers"]}

    found = names.get("cookie")
    assert (found or "").replace(" ", "").strip(";") == (left or "").replace(" ", "").strip(";")


def test_our_cookie_twice_never_gets_through(routed: Stack) -> None:
    """A request with two of our cookies is not forwarded with either."""
    good = session_for(routed)
    answer = routed.ask(routed.host(ANN), Cookie=f"__Host-berth={good}; a=1; __Host-berth={good}")

    assert answer.status in {303, 400}


@pytest.mark.parametrize(
    "spelling", ["__Host-berth ={}", "a=1, __Host-berth={}", "a=1,__Host-berth\t={}"]
)
def test_a_strangely_spelled_cookie_of_ours_never_gets_through(
    routed: Stack, spelling: str
) -> None:
    """What HAProxy takes for a session although no browser writes it so does not reach the workspace."""
    sent = spelling.format(session_for(routed))
    answer = routed.ask(routed.host(ANN), Cookie=sent)

    assert answer.status in {303, 400}


def test_identity_headers_are_ours_alone(routed: Stack) -> None:
    """What a client says of its address, host or identity is dropped in every spelling."""
    forged = [
        ("Forwarded", "for=6.6.6.6"),
        ("X-Forwarded-For", "6.6.6.6"),
        ("X_Forwarded_For", "6.6.6.6"),
        ("X.Forwarded.For", "6.6.6.6"),
        ("X-Forwarded-Host", "evil"),
        ("X-Forwarded-User", "evil"),
        ("X-Auth-Request-User", "evil"),
        ("X-Real-IP", "6.6.6.6"),
        ("X-Berth-State", "own"),
    ]
    cookie_header = ("Cookie", f"__Host-berth={session_for(routed)}")
    answer = routed.ask_raw(routed.host(ANN), "/", "GET", [*forged, cookie_header])
    headers = dict(seen(answer)["headers"])

    assert "6.6.6.6" not in str(headers)
    assert "evil" not in str(headers)
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["X-Forwarded-Host"] == headers["Host"] == routed.host(ANN)


def test_a_workspace_cannot_speak_for_others(routed: Stack) -> None:
    """Headers that concern more than the workspace are dropped from its answers, its own cookie stays."""
    answer = routed.ask(routed.host(ANN), Cookie=f"__Host-berth={session_for(routed)}")
    cookies = [line for line in answer.headers.get_all("Set-Cookie") or [] if line.strip()]

    for name in (
        "NEL",
        "Report-To",
        "Service-Worker-Allowed",
        "Clear-Site-Data",
        "Alt-Svc",
        "X-Accel-Redirect",
    ):
        assert name not in answer.headers
    assert cookies == ["mine=1; Path=/"]


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "7681-ws-000000000ann.evil.example",
        "ws-000000000ann.{zone}",
        "80-ws-000000000ann.{zone}",
        "{zone}",
        "7681-ws-000000000ann.{zone}@evil.example",
        "7681-ws-000000000ann.workspaces.localhost:80@evil.example",
        "7681-ws-000000000ann.workspaces.localhost:80,7681-ws-000000000bob.{zone}",
        "7681-ws-000000000ann.workspaces.localhost.:80",
    ],
)
def test_a_host_that_is_no_endpoint_is_misdirected(routed: Stack, host: str) -> None:
    """Only names of the zone's grammar are answered."""
    assert routed.ask(host.format(zone=routed.zone)).status == 421


async def _echo(stack: Stack, *, origin: str | None, session: str | None, host: str) -> int | str:
    """Open a WebSocket and return the echo of a word, or the status of the refusal."""
    headers = {"Host": host}
    if origin is not None:
        headers["Origin"] = origin
    if session is not None:
        headers["Cookie"] = f"__Host-berth={session}"
    async with aiohttp.ClientSession() as client:
        try:
            async with client.ws_connect(
                f"https://127.0.0.1:{stack.port}/", headers=headers, ssl=stack.unnamed_trust()
            ) as ws:
                await ws.send_str("hello")
                return str(await ws.receive_str())
        except aiohttp.WSServerHandshakeError as error:
            return error.status


def test_a_websocket_from_the_own_page_is_carried(routed: Stack) -> None:
    """A WebSocket with a session and the endpoint's exact Origin echoes."""
    host = routed.host(ANN)
    echoed = routed.run(
        _echo(routed, origin=f"https://{host}", session=session_for(routed), host=host)
    )

    assert echoed == "hello"


@pytest.mark.parametrize(
    "origin, has_session, status",
    [
        (None, True, 403),
        ("null", True, 403),
        ("http://{host}", True, 403),
        ("https://{host}.evil.example", True, 403),
        ("https://{bob}", True, 403),
        ("https://{name}", True, 403),
        ("https://{host}", False, 401),
    ],
    ids=["none", "null", "http", "suffix", "sibling", "no port", "no session"],
)
def test_a_websocket_from_elsewhere_is_refused(
    routed: Stack, origin: str | None, has_session: bool, status: int
) -> None:
    """Any other Origin is refused, and so is an upgrade without a session."""
    host = routed.host(ANN)
    names = {"host": host, "bob": routed.host(BOB), "name": host.partition(":")[0]}
    said = None if origin is None else origin.format(**names)
    session = session_for(routed) if has_session else None

    assert routed.run(_echo(routed, origin=said, session=session, host=host)) == status


def test_an_upgrade_to_anything_else_is_refused(routed: Stack) -> None:
    """There is no way to smuggle another protocol through."""
    cookies = f"__Host-berth={session_for(routed)}"
    answer = routed.ask(routed.host(ANN), Upgrade="h2c", Connection="Upgrade", Cookie=cookies)

    assert answer.status == 403


def test_a_workspace_that_is_not_there_is_cold(routed: Stack) -> None:
    """With a session and no route the answer is a page that tries again, and says when."""
    routed.unroute(ANN)
    answer = routed.ask(routed.host(ANN), Cookie=f"__Host-berth={session_for(routed)}")

    assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
    assert b"not running" in answer.body


def test_a_port_that_is_no_endpoint_is_cold(routed: Stack) -> None:
    """A session for a port that the workspace does not declare reaches nothing."""
    host = routed.host(ANN, port=1025)
    session = Session(host.partition(":")[0], ANN, "adm-000000000001", int(time.time()) + 600)
    cookies = f"__Host-berth={mint(session, routed.keys[0], time.time())}"

    assert routed.ask(host, Cookie=cookies).status == 503


def test_a_session_is_renewed_silently(routed: Stack) -> None:
    """After its five minutes a session becomes a fresh one without signing in, for any method."""
    signed = routed.sign_in(ANN)
    old = jwt.decode(signed, options={"verify_signature": False})
    stale = jwt.encode({**old, "exp": 1}, routed.keys[0], headers={"typ": TYPE})
    answer = routed.ask(
        routed.host(ANN), "/again?x=1", "POST", Cookie=f"__Host-berth={stale}", Content_Length="0"
    )
    fresh = cookie(answer, "__Host-berth")

    assert (answer.status, answer.headers["Location"]) == (
        307,
        f"https://{routed.host(ANN)}/again?x=1",
    )
    assert seen(routed.ask(routed.host(ANN), Cookie=f"__Host-berth={fresh}"))


@pytest.mark.parametrize("path", ["//evil.example/x", "/\\evil.example/x", "////evil.example"])
def test_a_renewal_leads_to_no_other_site(routed: Stack, path: str) -> None:
    """A path that browsers read as another site's address stays a path of the endpoint."""
    signed = routed.sign_in(ANN)
    old = jwt.decode(signed, options={"verify_signature": False})
    stale = jwt.encode({**old, "exp": 1}, routed.keys[0], headers={"typ": TYPE})
    answer = routed.ask(routed.host(ANN), path, Cookie=f"__Host-berth={stale}")

    assert answer.status == 307
    assert answer.headers["Location"] == f"https://{routed.host(ANN)}{path}"


def test_a_revoked_session_is_cut_and_stays_out(routed: Stack) -> None:
    """Once the control plane says that it ended, open WebSockets close, the cookie is worth nothing, none is renewed."""
    routed.route(BOB)
    session = routed.sign_in(ANN)
    host = routed.host(ANN)

    async def cut() -> tuple[bool, str]:
        trust = routed.unnamed_trust()
        address = f"https://127.0.0.1:{routed.port}/"
        async with aiohttp.ClientSession() as client:
            mine = {"Host": host, "Origin": f"https://{host}", "Cookie": f"__Host-berth={session}"}
            bobs_host = routed.host(BOB)
            theirs = {
                "Host": bobs_host,
                "Origin": f"https://{bobs_host}",
                "Cookie": f"__Host-berth={session_for(routed, BOB)}",
            }
            async with (
                client.ws_connect(address, headers=mine, ssl=trust) as ann,
                client.ws_connect(address, headers=theirs, ssl=trust) as bob,
            ):
                routed.control_plane.ended.add(routed.control_plane.admission_id)
                await routed.controller.recheck()
                message = await asyncio.wait_for(ann.receive(), 5)
                await bob.send_str("still here")
                return message.type in {
                    aiohttp.WSMsgType.CLOSED,
                    aiohttp.WSMsgType.ERROR,
                }, await bob.receive_str()

    closed, echoed = routed.run(cut())

    assert (closed, echoed) == (True, "still here")
    assert routed.ask(host, Cookie=f"__Host-berth={session}").status == 303


def test_without_the_control_plane_nobody_stays_for_ever(routed: Stack) -> None:
    """When rechecks fail for five minutes, sessions are ended rather than believed."""
    session = routed.sign_in(ANN)
    routed.control_plane.available = False
    routed.run(routed.controller.recheck())
    during = routed.ask(routed.host(ANN), Cookie=f"__Host-berth={session}").status
    routed.moment = 301
    routed.run(routed.controller.recheck())

    assert during == 200
    assert routed.ask(routed.host(ANN), Cookie=f"__Host-berth={session}").status == 303


def test_an_answer_in_pieces_is_read_whole(routed: Stack) -> None:
    """What the control plane says of admissions counts, however the network cuts it up."""
    session = routed.sign_in(ANN)
    routed.control_plane.ended.add(routed.control_plane.admission_id)
    routed.control_plane.in_pieces = True
    routed.run(routed.controller.recheck())

    assert routed.ask(routed.host(ANN), Cookie=f"__Host-berth={session}").status == 303


@pytest.mark.parametrize(
    "refusal, status",
    [
        ((401, "application/problem+json"), 303),
        ((403, "application/problem+json"), 303),
        ((404, "application/problem+json"), 200),
        ((429, "application/problem+json"), 200),
        ((403, "application/json"), 200),
    ],
    ids=["unknown", "forbidden", "no such route", "too many", "a gateway's"],
)
def test_a_dismissed_proxy_keeps_nobody(
    routed: Stack, refusal: tuple[int, str], status: int
) -> None:
    """Once the control plane itself refuses the proxy all are out at once; other trouble has its five minutes."""
    session = routed.sign_in(ANN)
    routed.control_plane.refusal = refusal
    routed.run(routed.controller.recheck())

    assert routed.ask(routed.host(ANN), Cookie=f"__Host-berth={session}").status == status


def test_a_route_moves_with_its_workspace(routed: Stack) -> None:
    """A changed address is followed by the next request."""
    cookies = f"__Host-berth={session_for(routed)}"
    routed.route(ANN, address="127.0.0.9")
    away = routed.ask(routed.host(ANN), Cookie=cookies).status
    routed.route(ANN, address="127.0.0.1")

    assert away == 503
    assert routed.ask(routed.host(ANN), Cookie=cookies).status == 200


def test_a_restarted_haproxy_is_told_everything(routed: Stack) -> None:
    """A HAProxy that knows nothing has its routes back after one comparison."""
    cookies = f"__Host-berth={session_for(routed)}"
    routed.restart_haproxy()
    before = routed.ask(routed.host(ANN), Cookie=cookies).status
    routed.run(routed.controller.compare())

    assert before == 503
    assert routed.ask(routed.host(ANN), Cookie=cookies).status == 200


def test_a_slot_that_leads_astray_is_found(routed: Stack) -> None:
    """A slot that kept an older address, which may be another workspace's by now, is put right by one comparison."""
    cookies = f"__Host-berth={session_for(routed)}"
    slot = routed.routes.slot_of(ANN)
    assert slot is not None
    routed.run(routed.runtime.run([f"set server {slot.path} addr 127.0.0.9"]))
    before = routed.ask(routed.host(ANN), Cookie=cookies).status
    routed.run(routed.controller.compare())

    assert before == 503
    assert routed.ask(routed.host(ANN), Cookie=cookies).status == 200


def test_a_cut_is_made_as_soon_as_it_can_be(routed: Stack) -> None:
    """A refusal that HAProxy was not there to hear is said again, though its routes are right."""
    session = routed.sign_in(ANN)
    routed.control_plane.ended.add(routed.control_plane.admission_id)
    socket = routed.settings.run_folder / "admin.sock"
    away = socket.rename(socket.with_name("away.sock"))
    routed.run(routed.controller.recheck())
    away.rename(socket)
    before = routed.ask(routed.host(ANN), Cookie=f"__Host-berth={session}").status
    routed.run(routed.controller.compare())

    assert before == 200
    assert routed.ask(routed.host(ANN), Cookie=f"__Host-berth={session}").status == 303
