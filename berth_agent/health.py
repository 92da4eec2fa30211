"""Liveness and readiness over HTTP, for the kubelet."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Probe = Callable[[], bool]


def serve(address: tuple[str, int], *, live: Probe, ready: Probe) -> ThreadingHTTPServer:
    """Serve ``/healthz`` and ``/readyz`` from a thread; stop it with ``shutdown``."""
    probes = {"/healthz": live, "/readyz": ready}

    class Handler(BaseHTTPRequestHandler):
        server_version = "berth-agent"
        sys_version = ""
        timeout = 5

        def do_GET(self) -> None:
            probe = probes.get(self.path)
            if not is_direct(self.headers.get("Host", "")) or probe is None:
                self._answer(404, b"not found\n")
            elif probe():
                self._answer(200, b"ok\n")
            else:
                self._answer(503, b"not yet\n")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """A probe each few seconds is no news."""

    server = ThreadingHTTPServer(address, Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server


def is_direct(host: str) -> bool:
    """Whether a Host header names an address: a browser misled by DNS would send a name."""
    name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
    if name == "localhost":
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
