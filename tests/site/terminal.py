"""A browser that a person signed in with, and the web terminal through it."""

import json
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import httpx

from berth_local.authority import trust
from berth_local.site.person import browse


class Browser:
    """Keeps cookies by host as browsers do, and checks every certificate."""

    def __init__(self, http: httpx.Client, trusted: ssl.SSLContext, person: str) -> None:
        self._http = http
        self._trusted = trusted
        self._person = person

    def go(self, address: str) -> httpx.Response:
        """Go to an address; sign in where that is asked for; where that ends."""
        return browse(self._http, address, self._person)

    def get(self, address: str) -> httpx.Response:
        """Ask for an address, and follow nothing."""
        return self._http.get(address)

    def sign_out(self, control_plane: str) -> None:
        """Sign out of the control plane, as its page does."""
        headers = {"Origin": control_plane, "X-Berth-CSRF": "1"}
        self._http.post(f"{control_plane}/sign-out", json={}, headers=headers).raise_for_status()

    @asynccontextmanager
    async def terminal(self, address: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Open the terminal of an endpoint that has let this browser in."""
        parts = urlsplit(address)
        host = parts.hostname or ""
        cookies = {
            each.name: each.value or "" for each in self._http.cookies.jar if each.domain == host
        }
        kept = "; ".join(f"{name}={value}" for name, value in cookies.items())
        headers = {"Origin": f"https://{parts.netloc}", "Cookie": kept}
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.ws_connect(
                f"wss://{parts.netloc}/ws", ssl=self._trusted, headers=headers, autoping=True
            ) as socket,
        ):
            yield socket


@contextmanager
def browser(authority: Path, person: str) -> Iterator[Browser]:
    """A new browser of a person."""
    trusted = trust(authority)
    with httpx.Client(verify=trusted, timeout=30) as http:
        yield Browser(http, trusted, person)


async def type_line(socket: aiohttp.ClientWebSocketResponse, line: str) -> None:
    """Type a line, as xterm.js does."""
    await socket.send_str(json.dumps(["set_size", 24, 200, 600, 1600]))
    await socket.send_str(json.dumps(["stdin", f"{line}\r"]))


async def read_until(socket: aiohttp.ClientWebSocketResponse, words: str) -> str:
    """Read what the terminal shows until these words are in it."""
    shown = ""
    async for message in socket:
        kind, *text = json.loads(message.data)
        if kind == "stdout":
            shown += text[0]
        if words in shown:
            return shown
    raise AssertionError(f"the terminal ended without {words!r}: {shown[-500:]!r}")
