"""Waiting for a wake-up: one GET that the other side holds open."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import urllib3
from pydantic import ValidationError

from berth_agent.client import NoAnswer
from berth_agent.egress import Egress
from berth_agent.settings import BadSettings, is_safe
from chalicelib.wire.reconcile import WakeChannel, WakeResponse

TIMEOUT = urllib3.Timeout(connect=5.0, read=30.0)
"""Channels hold a question for 20 seconds at most; a longer silence is a dead connection."""

_QUERY = {"Content-Type": "application/x-www-form-urlencoded"}
"""Which of its two protocols Amazon SQS is to speak: the one whose question is in the address."""
_MESSAGE = b"<MessageId>"
"""In the answer: at least one came. What it says is of no interest."""


class WakeUps:
    """Asks channels. ``token`` is the agent's, and goes to the control plane alone; the address of a
    queue is a secret itself, and goes into no message."""

    def __init__(
        self,
        address: str,
        token: Callable[[], str],
        ca_file: Path | None,
        timeout: urllib3.Timeout = TIMEOUT,
    ) -> None:
        self._address = address
        self._token = token
        self._timeout = timeout
        own = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        self._own = Egress(own)
        # A queue is of the cloud: the authorities of a private control plane do not vouch for it.
        self._others = Egress(ssl.create_default_context())

    def __call__(self, channel: WakeChannel) -> bool:
        """Wait at a channel; whether there is something to ask for. Raises ``NoAnswer``."""
        if channel.kind == "held":
            return self._held(channel.url)
        if not is_safe(channel.url):
            raise NoAnswer("the channel has no https address", 400)
        host = urlsplit(channel.url).hostname or ""
        return _MESSAGE in self._got(self._others, channel.url, _QUERY, host)

    def _held(self, path: str) -> bool:
        if not path.startswith("/"):
            raise NoAnswer("the channel has no path of the control plane", 400)
        try:
            headers = {"Authorization": f"Bearer {self._token()}", "Accept": "application/json"}
        except BadSettings as error:
            raise NoAnswer(str(error)) from error
        body = self._got(self._own, self._address + path, headers, path)
        try:
            return WakeResponse.model_validate_json(body).woken
        except ValidationError as error:
            raise NoAnswer(f"{path} answered what we do not understand") from error

    def _got(self, egress: Egress, address: str, headers: Mapping[str, str], shown: str) -> bytes:
        try:
            answer = egress.to(address).request(
                "GET", address, headers=headers, timeout=self._timeout, redirect=False
            )
        except (urllib3.exceptions.HTTPError, OSError) as broken:
            # The library's words may quote the address.
            raise NoAnswer(f"{shown}: {type(broken).__name__}") from None
        if answer.status != 200:
            raise NoAnswer(f"{shown} answered {answer.status}", answer.status)
        return answer.data
