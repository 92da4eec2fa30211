"""A controller that is stuck ends, and the one that follows it leaves nobody in who must be out."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from berth_local.loopback import free_port
from berth_proxy.admissions import GRACE_SECONDS, Admissions
from berth_proxy.controller import Controller
from berth_proxy.discovery import Found
from berth_proxy.haproxy.configuration import layout_of
from berth_proxy.routes import RouteTable, Wanted
from tests.proxy.stack import ANN, BOB, Stack

ADMISSION = "adm-000000000ann"
DEADLINE_SECONDS = 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a controller finds at its start: keys, and Ann's admission, checked just now."""
    (tmp_path / "keys.json").write_text(json.dumps(["0" * 64, "1" * 64]))
    (tmp_path / "token").write_text("token")
    kept(tmp_path, checked_at=time.time())
    return tmp_path


def kept(folder: Path, checked_at: float) -> None:
    """Write Ann's admission as the controller before kept it."""
    live = {ADMISSION: [ANN, int(time.time()) + 3600]}
    text = json.dumps({"live": live, "ended": {}, "checked_at": checked_at})
    (folder / "admissions.json").write_text(text)


@contextmanager
def program(folder: Path, control_plane: str, **changes: str) -> Iterator[subprocess.Popen[str]]:
    """Run the real program; there is no cluster, and no HAProxy."""
    cluster = {"server": f"http://127.0.0.1:{free_port()}"}
    context = {"cluster": "c", "user": "u"}
    kubeconfig = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": cluster}],
        "contexts": [{"name": "c", "context": context}],
        "users": [{"name": "u", "user": {}}],
    }
    (folder / "kubeconfig").write_text(json.dumps(kubeconfig))
    settings: Mapping[str, str] = {
        "KUBECONFIG": str(folder / "kubeconfig"),
        "BERTH_CONTROL_PLANE_URL": control_plane,
        "BERTH_AGENT_ID": "ag-000000000001",
        "BERTH_ZONE": "workspaces.localhost",
        "BERTH_PROXY_TOKEN_FILE": str(folder / "token"),
        "BERTH_RUN_FOLDER": str(folder),
        "BERTH_PORTAL": f"127.0.0.1:{free_port()}",
        "BERTH_RECHECK_SECONDS": "1",
    }
    running = subprocess.Popen(
        [sys.executable, "-m", "berth_proxy"],
        env={**os.environ, **settings, **changes},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


@contextmanager
def silent_server() -> Iterator[str]:
    """Give the address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def until(is_so: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not come to be so"
        threading.Event().wait(0.05)


def ended(folder: Path) -> list[str]:
    """Return the admissions that the program noted as ended."""
    return list(json.loads((folder / "admissions.json").read_text())["ended"])


def test_a_controller_that_stands_still_ends_itself(folder: Path) -> None:
    """Where the event loop is blocked for four rounds the process ends, so that the kubelet starts another."""
    (folder / "token").unlink()
    os.mkfifo(folder / "token")  # nobody writes to it: reading the credential blocks for ever
    with program(folder, "http://127.0.0.1:1") as running:
        _, said = running.communicate(timeout=DEADLINE_SECONDS)

    assert running.returncode == 1
    assert "Timeout (0:00:04)!" in said


def test_a_controller_that_works_is_left_alone(stack: Stack, folder: Path) -> None:
    """Where rechecks are answered the watchdog stays quiet, and SIGTERM ends the program as asked."""
    before = stack.control_plane.rechecks
    with program(folder, stack.settings.control_plane_url) as running:
        until(lambda: stack.control_plane.rechecks >= before + 6)
        still_running = running.poll() is None
        running.terminate()
        running.communicate(timeout=DEADLINE_SECONDS)

    assert still_running
    assert running.returncode == 0
    assert ended(folder) == []


def test_silence_of_the_control_plane_is_survived_and_counted(folder: Path) -> None:
    """A control plane that takes the question and never answers stops no round, and a restart gives no new grace."""
    kept(folder, checked_at=time.time() - GRACE_SECONDS - 1)
    with silent_server() as address, program(folder, address) as running:
        until(lambda: ended(folder) == [ADMISSION])
        still_running = running.poll() is None

    assert still_running


@pytest.mark.parametrize(
    "checked_at, now, current",
    [
        (1000.0, 1000.0 + GRACE_SECONDS - 1, True),
        (1000.0, 1000.0 + GRACE_SECONDS, False),
        (9000.0, 1000.0, True),
    ],
    ids=["within", "over", "clock set back"],
)
def test_grace_counts_from_the_last_word(
    tmp_path: Path, checked_at: float, now: float, current: bool
) -> None:
    """It is the file that says since when; a time to come is taken for now."""
    kept(tmp_path, checked_at=checked_at)
    admissions = Admissions.load(tmp_path / "admissions.json", now)

    assert admissions.are_current(now) is current
    assert not admissions.are_current(now + GRACE_SECONDS)


def test_a_clock_that_is_set_back_prolongs_nothing(tmp_path: Path) -> None:
    """Five minutes after a clock went back an hour, without a word of the control plane, the grace is over."""
    admissions = Admissions.load(tmp_path / "admissions.json", 10_000.0)
    admissions.are_current(6_400.0)

    assert not admissions.are_current(6_400.0 + GRACE_SECONDS)


def successor(stack: Stack) -> Controller:
    """Return the controller that would follow the stack's after a restart: it knows what the file says."""
    admissions = Admissions.load(stack.admissions.file, stack.now())
    routes = RouteTable(stack.routes.map_file, layout_of(stack.settings))
    return Controller(routes, stack.runtime, admissions, stack.client, stack.now)


async def closed_after(stack: Stack, session: str, act: Callable[[], object]) -> bool:
    """Open a WebSocket to Ann's workspace, act, and tell whether it was closed."""
    host = stack.host(ANN)
    headers = {"Host": host, "Origin": f"https://{host}", "Cookie": f"__Host-berth={session}"}
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(
            f"https://127.0.0.1:{stack.port}/", headers=headers, ssl=stack.unnamed_trust()
        ) as opened,
    ):
        await opened.send_str("hello")
        assert await opened.receive_str() == "hello"
        done = act()
        if asyncio.iscoroutine(done):
            await done
        message = await asyncio.wait_for(opened.receive(), 5)
        return message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}


def test_what_runs_through_a_forgotten_slot_is_cut(stack: Stack) -> None:
    """A connection through a slot that the new controller does not use would be found by no cut: it ends at once."""
    stack.route(BOB)
    stack.route(ANN)
    session = stack.sign_in(ANN)
    following = successor(stack)

    async def take_over() -> None:
        await following._apply(Found(ANN, Wanted(ANN, "127.0.0.1", ((stack.upstream, "private"),))))
        await following.compare()

    assert stack.run(closed_after(stack, session, take_over))
    stack.unroute(BOB)
    stack.unroute(ANN)
    stack.run(stack.controller.compare())


def test_a_cut_that_was_noted_and_not_made_is_made(stack: Stack) -> None:
    """A controller killed between its note and the cut leaves the cut to the next, which waits for the route."""
    stack.route(ANN)
    session = stack.sign_in(ANN)
    stack.admissions.end([stack.control_plane.admission_id], stack.now())
    following = successor(stack)

    async def take_over() -> None:
        await following.recheck()
        await following._apply(Found(ANN, Wanted(ANN, "127.0.0.1", ((stack.upstream, "private"),))))
        await following.compare()

    assert stack.run(closed_after(stack, session, take_over))
    assert stack.ask(stack.host(ANN), Cookie=f"__Host-berth={session}").status == 303
    stack.unroute(ANN)
