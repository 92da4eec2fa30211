"""The agent's requests: compressed where that pays, plain to who cannot take that."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field

from berth_agent.client import PACKED_FROM, Answer, ControlPlane
from chalicelib.wire.reconcile import ReconcileRequest, ReconcileResponse, WorkspaceReport


@dataclass
class Exchanged:
    """What was sent, and an answer to all of it; ``takes`` says whether gzip is known there."""

    takes: bool = True
    sent: list[tuple[bytes, Mapping[str, str]]] = field(default_factory=list)

    def __call__(self, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """See ``Exchange``."""
        del address
        self.sent.append((body, headers))
        if not self.takes and "Content-Encoding" in headers:
            return Answer(415, {}, b'{"code": "media-type"}')
        return Answer(200, {}, ReconcileResponse().model_dump_json().encode())

    def codings(self) -> list[str]:
        """The content coding of each request."""
        return [headers.get("Content-Encoding", "") for _, headers in self.sent]


def request(count: int) -> ReconcileRequest:
    """A message with so many reports."""
    reports = [
        WorkspaceReport(workspace_id=f"ws-{n:012}", resource_version=n, namespace="Active")
        for n in range(count)
    ]
    return ReconcileRequest(
        update_type="partial", epoch=1, instance="pod-1", reports=tuple(reports)
    )


def test_a_long_message_is_compressed_and_a_short_one_is_not() -> None:
    """What goes over the wire is gzip of the very message, and much shorter."""
    exchanged = Exchanged()
    control_plane = ControlPlane("https://berth.test", lambda: "token", exchanged)
    control_plane.reconcile(request(1))
    control_plane.reconcile(request(500))
    assert exchanged.codings() == ["", "gzip"]
    packed, _ = exchanged.sent[1]
    assert ReconcileRequest.model_validate_json(gzip.decompress(packed)) == request(500)
    assert len(packed) * 4 < len(gzip.decompress(packed)) >= PACKED_FROM


def test_a_control_plane_that_cannot_take_it_is_asked_again_once() -> None:
    """One of an earlier release says so, and from then on every message is plain."""
    exchanged = Exchanged(takes=False)
    control_plane = ControlPlane("https://berth.test", lambda: "token", exchanged)
    control_plane.reconcile(request(500))
    control_plane.reconcile(request(500))
    assert exchanged.codings() == ["gzip", "", ""]
