"""A control plane of a few lines, over HTTP on the loopback: it wants what a test tells it to want."""

from __future__ import annotations

import gzip
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chalicelib.wire.reconcile import (
    ApplyOrder,
    PrerequisitesResponse,
    Receipt,
    ReconcileRequest,
    ReconcileResponse,
    TerminateOrder,
    WorkspaceReport,
)


class ControlPlane:
    """``wanted``: the order of each workspace, sent while its generation is not reported."""

    def __init__(self) -> None:
        self.wanted: dict[str, ApplyOrder | TerminateOrder] = {}
        self.reports: dict[str, WorkspaceReport] = {}
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.full_at = 0.0
        """When the last page of a full arrived (seconds since the epoch)."""
        self.authorizations: set[str] = set()
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["Content-Encoding"] == "gzip":
                    body = gzip.decompress(body)
                with outer.lock:
                    outer.authorizations.add(self.headers["Authorization"])
                    outer.requests.append((self.path, json.loads(body)))
                    answer = outer._answer(self.path, body)
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, path: str, body: bytes) -> bytes:
        if path.endswith("/prerequisites"):
            return PrerequisitesResponse().model_dump_json().encode()
        request = ReconcileRequest.model_validate_json(body)
        if request.full_sync is not None and request.full_sync.last:
            self.full_at = time.time()
        receipts = []
        for report in request.reports:
            self.reports[report.workspace_id] = report
            ended = report.tombstone is not None and report.namespace == "Absent"
            receipts.append(
                Receipt(
                    workspace_id=report.workspace_id,
                    resource_version=report.resource_version,
                    outcome="collect" if ended else "stored",
                )
            )
        orders = [order for order in self.wanted.values() if self._is_due(order)]
        return (
            ReconcileResponse(
                receipts=tuple(receipts), orders=tuple(orders), intent=1, next_poll_ms=300
            )
            .model_dump_json()
            .encode()
        )

    def _is_due(self, order: ApplyOrder | TerminateOrder) -> bool:
        report = self.reports.get(order.workspace_id)
        return report is None or report.generation < order.generation
