"""Signing in through the browser: a native app on the loopback address (RFC 8252) with PKCE (RFC 7636)."""

import base64
import hashlib
import secrets
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from berth_cli.client import Client
from berth_cli.failures import Exit, Failure

_PATIENCE_SECONDS = 300
_PAGE = b"<!doctype html><title>Berth</title><p>You are signed in. You may close this page.\n"


class _Callback(BaseHTTPRequestHandler):
    """Takes the one request that the browser brings back."""

    server: "_Listener"
    timeout = 10

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        code, state = query.get("code", [""])[0], query.get("state", [""])[0]
        is_ours = bool(code) and secrets.compare_digest(state.encode(), self.server.state.encode())
        self.send_response(200 if is_ours else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        if is_ours:
            self.wfile.write(_PAGE)
            self.server.code = code
            self.server.arrived.set()

    def log_message(self, *_: object) -> None:
        """Say nothing: the address holds a code."""


class _Listener(ThreadingHTTPServer):
    """Threads, for browsers open connections ahead and say nothing on them."""

    daemon_threads = True

    def __init__(self, state: str) -> None:
        super().__init__(("127.0.0.1", 0), _Callback)
        self.state, self.code, self.arrived = state, "", threading.Event()


def in_browser(client: Client, open_browser: Callable[[str], bool]) -> str:
    """Return a personal token that the signed-in person granted in the browser.

    Raises Failure when the control plane does not answer, or nobody signs in within 5 minutes.
    """
    client.get("/healthz")
    verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    with _Listener(state) as listener:
        thread = threading.Thread(target=listener.serve_forever, daemon=True)
        thread.start()
        query = {"port": listener.server_address[1], "state": state, "challenge": challenge}
        address = f"{client.url}/cli?{urlencode(query)}"
        sys.stderr.write(
            f"Opening the browser to sign in. If none opens on this machine, go to:\n  {address}\n"
            "or end this and give a personal token: berth login --token -\n"
        )
        open_browser(address)
        arrived = listener.arrived.wait(_PATIENCE_SECONDS)
        listener.shutdown()
        thread.join()
    if not arrived:
        raise Failure("nobody signed in within 5 minutes", Exit.TIMED_OUT)
    return str(
        client.post("/api/v1/tokens/exchange", {"code": listener.code, "verifier": verifier})[
            "token"
        ]
    )
