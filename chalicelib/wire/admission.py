"""The proxy's conversation with the control plane about people who want in.

1. A browser without a session is sent to ``GET /enter`` of the control plane with the endpoint's
   host, a path and a challenge (SHA-256 of a secret in a pre-session cookie of that host).
2. The control plane signs the person in, decides, and sends the browser back with a signed one-time
   ticket to ``ENTER_PATH`` of the endpoint's host.
3. The proxy redeems the ticket (``POST /agent/v1/admissions``) and mints its own session cookie.
4. It asks again about each live session (``POST /agent/v1/admissions/recheck``), at least each 60 s.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

ENTER_PATH = "/.well-known/berth/enter"
"""Path of every endpoint that belongs to the proxy, never to the workspace."""

SESSION_COOKIE = "__Host-berth"
"""The proxy's session cookie on an endpoint's host; stripped before a request is forwarded."""

PRESESSION_COOKIE = "__Host-berth-pre"


class Message(BaseModel):
    """Unknown fields are ignored, so that either side may be a version ahead."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class RedeemRequest(Message):
    """A ticket as the browser brought it, and the secret of the pre-session cookie."""

    ticket: str = Field(max_length=4096)
    host: str = Field(max_length=255)
    """The endpoint's host with its port where it is not 443."""
    verifier: str = Field(min_length=32, max_length=128)


class Admission(Message):
    """A person may use one endpoint of one workspace until ``expires`` (seconds since the epoch)."""

    admission_id: str
    workspace_id: str
    port: int
    host: str
    path: str
    """Where the browser wanted to go: a path that starts with one slash."""
    expires: int


class RecheckRequest(Message):
    """Ids of admissions in use."""

    admission_ids: Annotated[tuple[str, ...], Field(max_length=1000)]


class RecheckResponse(Message):
    """Those that hold no longer: their sessions are to be cut."""

    ended: tuple[str, ...]
