"""What `python -m berth_agent check` says of a control plane and of a Lease."""

import json
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from berth_agent.check import check
from berth_agent.settings import Settings, load
from berth_kube.transport import Request, Response, Stream

TOKEN = "berth_agt_0123456789ab_0123456789ab_c2VjcmV0"


class ControlPlane:
    """Answers every POST with ``status``."""

    def __init__(self) -> None:
        self.status = 422
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                known = self.headers["Authorization"] == f"Bearer {TOKEN}"
                self.send_response(outer.status if known else 401)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture
def control_plane() -> Iterator[ControlPlane]:
    """A control plane that knows the token."""
    made = ControlPlane()
    yield made
    made.server.shutdown()
    made.server.server_close()


class OneLease:
    """An API server with one Lease, or with none."""

    def __init__(self, age: float | None, holder: str = "agent-1") -> None:
        self._age, self._holder = age, holder

    def send(self, request: Request) -> Response:
        """Answer with the Lease."""
        if self._age is None:
            body = {"kind": "Status", "code": 404, "reason": "NotFound", "message": "not found"}
            return Response(404, {}, json.dumps(body).encode())
        renewed = datetime.now(UTC) - timedelta(seconds=self._age)
        spec = {"holderIdentity": self._holder, "renewTime": renewed.isoformat()}
        return Response(200, {}, json.dumps({"spec": spec}).encode())

    def stream(self, request: Request) -> AbstractContextManager[Stream]:
        """Nothing is watched."""
        raise NotImplementedError


def settings(control_plane: ControlPlane, folder: Path, token: str = TOKEN) -> Settings:
    """The agent's settings."""
    (folder / "token").write_text(token)
    return load(
        {
            "BERTH_CONTROL_PLANE_URL": control_plane.address,
            "BERTH_AGENT_TOKEN_FILE": str(folder / "token"),
            "BERTH_NAMESPACE": "berth",
        }
    )


def test_all_is_well(
    control_plane: ControlPlane, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line for each, and 0, where the token is taken and an agent leads."""
    assert check(settings(control_plane, tmp_path), OneLease(2.0)) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"good: {control_plane.address} takes the token of ag-0123456789ab",
        "good: agent-1 leads",
    ]


@pytest.mark.parametrize(
    "status, token, lease, said",
    [
        (422, TOKEN[:-4], OneLease(2.0), "does not take the token"),
        (404, TOKEN, OneLease(2.0), "answers 404: is it a control plane?"),
        (200, TOKEN, OneLease(2.0), "answers 200: is it a control plane?"),
        (422, TOKEN, OneLease(None), "no agent leads"),
        (422, TOKEN, OneLease(2.0, holder=""), "no agent leads"),
        (422, TOKEN, OneLease(40.0), "agent-1 led, and was heard 40 s ago"),
    ],
)
def test_what_is_missing_is_told(
    control_plane: ControlPlane,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    status: int,
    token: str,
    lease: OneLease,
    said: str,
) -> None:
    """The line says which of both is not as it must be, the other one is looked at all the same, and the code is 1."""
    control_plane.status = status
    assert check(settings(control_plane, tmp_path, token), lease) == 1
    out = capsys.readouterr().out
    assert said in out
    assert (out.count("good: "), out.count("bad: ")) == (1, 1)
    assert token not in out
