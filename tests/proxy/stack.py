"""A real HAProxy, the real controller and portal, a workspace to reach, and a small control plane."""

import asyncio
import hashlib
import http.client
import json
import secrets
import shutil
import ssl
import subprocess
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from aiohttp import WSMsgType, web

from berth_local.authority import Authority
from berth_local.loopback import free_port
from berth_proxy.admissions import Admissions
from berth_proxy.control_plane import ControlPlane
from berth_proxy.controller import Controller
from berth_proxy.discovery import Found
from berth_proxy.haproxy.configuration import layout_of, read_keys, write_run_folder
from berth_proxy.haproxy.runtime import DataPlaneLost, Runtime
from berth_proxy.portal import Portal
from berth_proxy.routes import RouteTable, Wanted
from berth_proxy.settings import Settings

T = TypeVar("T")
DEADLINE_SECONDS = 20
ANN, BOB = "ws-000000000ann", "ws-000000000bob"


@dataclass
class Browser:
    """What an answer was, and the cookies kept so far."""

    status: int = 0
    headers: http.client.HTTPMessage = field(default_factory=http.client.HTTPMessage)
    body: bytes = b""


class SmallControlPlane:
    """Redeems any ticket whose challenge matches, and says of admissions what the test told it."""

    def __init__(self) -> None:
        self.ended: set[str] = set()
        self.challenges: dict[str, str] = {}
        self.workspace_id = ANN
        self.admission_id = ""
        """The last one given."""
        self.available = True
        self.refusal: tuple[int, str] | None = None
        """Status and content type with which rechecks are refused."""
        self.in_pieces = False
        """Whether the answer to a recheck comes in two pieces, with a pause between them."""
        self.rechecks = 0

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_post("/agent/v1/admissions", self._redeem)
        application.router.add_post("/agent/v1/admissions/recheck", self._recheck)
        return application

    async def _redeem(self, request: web.Request) -> web.Response:
        asked = await request.json()
        digest = hashlib.sha256(asked["verifier"].encode()).digest()
        wanted = self.challenges.pop(asked["ticket"], None)
        if wanted != urlsafe_b64encode(digest).rstrip(b"=").decode():
            return web.json_response({}, status=403)
        port = int(asked["host"].partition("-")[0])
        self.admission_id = f"adm-{secrets.token_hex(6)}"
        answer = {
            "admission_id": self.admission_id,
            "workspace_id": self.workspace_id,
            "port": port,
            "host": asked["host"],
            "path": "/after?x=1",
            "expires": int(time.time()) + 3600,
        }
        return web.json_response(answer)

    async def _recheck(self, request: web.Request) -> web.StreamResponse:
        if not self.available:
            return web.json_response({}, status=503)
        if self.refusal is not None:
            status, content_type = self.refusal
            return web.Response(status=status, body=b"{}", content_type=content_type)
        self.rechecks += 1
        asked = (await request.json())["admission_ids"]
        told = {"ended": [name for name in asked if name in self.ended]}
        if not self.in_pieces:
            return web.json_response(told)
        answer = web.StreamResponse()
        await answer.prepare(request)
        for piece in (json.dumps(told)[:5], json.dumps(told)[5:]):
            await answer.write(piece.encode())
            await asyncio.sleep(0.1)
        return answer


async def _workspace(request: web.Request) -> web.StreamResponse:
    """A workspace that tells what reached it, and says what it should not."""
    if request.headers.get("Upgrade", "").lower() == "websocket":
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            if message.type == WSMsgType.TEXT:
                await ws.send_str(message.data)
        return ws
    headers = [(name, value) for name, value in request.headers.items()]
    body = {"headers": headers, "path": request.path_qs, "method": request.method}
    answer = web.json_response(body)
    for name in (
        "NEL",
        "Report-To",
        "Service-Worker-Allowed",
        "Clear-Site-Data",
        "Alt-Svc",
        "X-Accel-Redirect",
    ):
        answer.headers[name] = "evil"
    answer.headers.add("Set-Cookie", "mine=1; Path=/")
    answer.headers.add("Set-Cookie", "wide=1; Domain=workspaces.localhost")
    answer.headers.add("Set-Cookie", "__Host-berth=forged; Path=/; Secure")
    # Without a name: some browsers send it as if the value were name and value.
    answer.headers.add("Set-Cookie", "=__Host-berth=forged; Path=/; Secure")
    return answer


class Stack:
    """All of it, for the life of the context. One event loop in a thread of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.upstream = free_port(), free_port()
        self.zone = f"workspaces.localhost:{self.port}"
        self.control_plane = SmallControlPlane()
        self.moment = 0.0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._runners: list[web.AppRunner] = []
        self._haproxy: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if shutil.which("haproxy") is None:
            raise RuntimeError("HAProxy is not installed: apt-get install haproxy")
        authority = Authority(self.folder / "ca")
        certificate = authority.issue("*.workspaces.localhost")
        tls = self.folder / "tls"
        tls.mkdir()
        shutil.copy(certificate.chain, tls / "tls.crt")
        shutil.copy(certificate.key, tls / "tls.key")
        (self.folder / "token").write_text("token")
        control_port = free_port()
        self.settings = Settings(
            control_plane_url=f"http://127.0.0.1:{control_port}",
            agent_id="ag-000000000001",
            zone=self.zone,
            token_file=self.folder / "token",
            tls_folder=tls,
            run_folder=Path(f"/tmp/berth-proxy-{self.port}"),  # a unix socket's path is short
            bind=f"127.0.0.1:{self.port}",
            health_bind=f"127.0.0.1:{free_port()}",
            portal=f"127.0.0.1:{free_port()}",
            buckets=4,
        )
        self.trust = ssl.create_default_context(cafile=str(authority.certificate))
        write_run_folder(self.settings)
        self._thread.start()
        try:
            self.run(self._serve(control_port))
            self._start_haproxy()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything that was started."""
        if self._haproxy is not None:
            self._haproxy.kill()
            self._haproxy.wait()
        self.run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        shutil.rmtree(self.settings.run_folder)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the stack's loop and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(DEADLINE_SECONDS)

    def now(self) -> float:
        """The controller's clock: the wall clock, moved on by ``moment`` seconds."""
        return time.time() + self.moment

    def route(
        self, workspace_id: str, *, address: str = "127.0.0.1", exposure: str = "private"
    ) -> None:
        """Make a workspace known as discovery would, and wait until HAProxy has it."""
        wanted = Wanted(workspace_id, address, ((self.upstream, exposure),))
        self.run(self.controller._apply(Found(workspace_id, wanted)))

    def unroute(self, workspace_id: str) -> None:
        """Make a workspace unknown."""
        self.run(self.controller._apply(Found(workspace_id, None)))

    def host(self, workspace_id: str, *, port: int | None = None) -> str:
        """Return the endpoint's Host header."""
        return f"{port or self.upstream}-{workspace_id}.{self.zone}"

    def ask(self, host: str, path: str = "/", method: str = "GET", **headers: str) -> Browser:
        """Send one request over TLS; header names are given with _ for -."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask_raw(host, path, method, list(names.items()))

    def ask_raw(self, host: str, path: str, method: str, headers: list[tuple[str, str]]) -> Browser:
        """Send one request with exactly these headers beside Host."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, context=self.unnamed_trust(), timeout=10
        )
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in [("Host", host), *headers]:
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        browser = Browser(answer.status, answer.headers, answer.read())
        connection.close()
        return browser

    def unnamed_trust(self) -> ssl.SSLContext:
        """Return a context for connections by address: the chain is checked, the name is in Host."""
        context = ssl.create_default_context(cafile=str(self.folder / "ca" / "ca.pem"))
        context.check_hostname = False
        return context

    def sign_in(self, workspace_id: str) -> str:
        """Go the whole way in and return the session cookie's value."""
        host = self.host(workspace_id)
        first = self.ask(host, "/after?x=1")
        pre = cookie(first, "__Host-berth-pre")
        challenge = first.headers["Location"].rpartition("challenge=")[2]
        self.control_plane.challenges["ticket-1"] = challenge
        self.control_plane.workspace_id = workspace_id
        entered = self.ask(
            host, "/.well-known/berth/enter?ticket=ticket-1", Cookie=f"__Host-berth-pre={pre}"
        )
        assert entered.status == 303, entered.body
        return cookie(entered, "__Host-berth")

    async def _serve(self, control_port: int) -> None:
        folder = self.settings.run_folder
        client = ControlPlane(self.settings.control_plane_url, self.settings.token_file)
        self.admissions = Admissions.load(folder / "admissions.json", self.now())
        self.routes = RouteTable(str(folder / "routes.map"), layout_of(self.settings))
        self.runtime = Runtime(folder / "admin.sock")
        self.controller = Controller(self.routes, self.runtime, self.admissions, client, self.now)
        self.keys = read_keys(folder)
        portal = Portal(self.zone, self.keys, self.admissions, client, self.now)
        self.client = client
        upstream = web.Application()
        upstream.router.add_route("*", "/{path:.*}", _workspace)
        portal_port = int(self.settings.portal.rpartition(":")[2])
        for application, port in (
            (self.control_plane.application(), control_port),
            (portal.application(), portal_port),
            (upstream, self.upstream),
        ):
            runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", port).start()
            self._runners.append(runner)

    async def _close(self) -> None:
        await self.client.close()
        for runner in self._runners:
            await runner.cleanup()

    def restart_haproxy(self) -> None:
        """Kill HAProxy and start one that knows nothing."""
        assert self._haproxy is not None
        self._haproxy.kill()
        self._haproxy.wait()
        self._start_haproxy()

    def _start_haproxy(self) -> None:
        configuration = self.settings.run_folder / "haproxy.cfg"
        subprocess.run(["haproxy", "-c", "-f", configuration], check=True, capture_output=True)
        with (self.folder / "haproxy.log").open("ab") as log:
            self._haproxy = subprocess.Popen(
                ["haproxy", "-db", "-f", configuration], stdout=log, stderr=log
            )
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            try:
                state = self.run(self.runtime.ask("show servers state portal"))
            except DataPlaneLost:
                state = ""
            # The fourth field of a server's line is its address, the sixth its state: 2 is running.
            lines = [line.split() for line in state.splitlines() if "controller" in line]
            if lines and lines[0][5] == "2":
                return
            if time.monotonic() > deadline:
                raise RuntimeError((self.folder / "haproxy.log").read_text())


def cookie(answer: Browser, name: str) -> str:
    """Return the value of a cookie that an answer sets."""
    for line in answer.headers.get_all("Set-Cookie") or []:
        found, _, rest = line.partition("=")
        if found == name:
            value: str = rest.partition(";")[0]
            return value
    raise AssertionError(f"{name} is not set by {answer.status} {answer.headers.items()}")


def seen(answer: Browser) -> Mapping[str, Any]:
    """Return what the workspace saw."""
    assert answer.status == 200, (answer.status, answer.body)
    body: dict[str, Any] = json.loads(answer.body)
    return body
