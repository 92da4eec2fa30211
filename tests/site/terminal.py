"""A browser that a person signed in with, and the web terminal through it."""

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import websocket

from berth_local.authority import trust
from berth_local.site.person import browse

PATIENCE_SECONDS = 30
"""How long one waits for the terminal to answer."""


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

    @contextmanager
    def terminal(self, address: str) -> Iterator["Terminal"]:
        """Open the terminal of an endpoint that has let this browser in."""
        parts = urlsplit(address)
        host = parts.hostname or ""
        cookies = (each for each in self._http.cookies.jar if each.domain == host)
        socket = websocket.create_connection(
            f"wss://{parts.netloc}/ws",
            timeout=PATIENCE_SECONDS,
            sslopt={"context": self._trusted},
            origin=f"https://{parts.netloc}",
            cookie="; ".join(f"{each.name}={each.value}" for each in cookies),
        )
        try:
            yield Terminal(socket)
        finally:
            socket.close()


class Terminal:
    """The web terminal, spoken to as xterm.js does."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self._socket = socket

    def type_line(self, line: str) -> None:
        """Type a line."""
        self._socket.send(json.dumps(["set_size", 24, 200, 600, 1600]))
        self._socket.send(json.dumps(["stdin", f"{line}\r"]))

    def read_until(self, words: str) -> str:
        """Read what is shown until these words are in it."""
        shown, deadline = "", time.monotonic() + PATIENCE_SECONDS
        while words not in shown:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{words!r} is not shown: {shown[-500:]!r}")
            kind, *text = json.loads(self._socket.recv())
            if kind == "stdout":
                shown += text[0]
        return shown

    def stay_until_cut(self, *, seconds: float) -> float:
        """Stay until the other side ends the connection; after how many seconds. Raises TimeoutError."""
        began = time.monotonic()
        while (left := began + seconds - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                self._socket.recv()
            except websocket.WebSocketTimeoutException:
                break
            except (websocket.WebSocketConnectionClosedException, OSError):
                return time.monotonic() - began
        raise TimeoutError(f"still connected after {seconds:.0f} s")


@contextmanager
def browser(authority: Path, person: str) -> Iterator[Browser]:
    """A new browser of a person."""
    trusted = trust(authority)
    with httpx.Client(verify=trusted, timeout=PATIENCE_SECONDS) as http:
        yield Browser(http, trusted, person)
