"""The agent's settings, all from the environment; ``docs/reference/agent.md`` lists them."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from berth_agent.proxy import ProxyPod

LEASE_NAME = "berth-agent"
"""In the agent's own namespace; its holder leads."""
_TOKEN = re.compile(r"berth_agt_[0-9a-z]+_([0-9a-z]+)_[A-Za-z0-9_-]+")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class BadSettings(Exception):
    """A setting is missing or wrong; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the agent has to know before it starts."""

    control_plane: str
    """Address of the control plane, without a slash at its end (``BERTH_CONTROL_PLANE_URL``)."""
    token_file: Path
    """File with the agent's token; read again for each request (``BERTH_AGENT_TOKEN_FILE``)."""
    agent_id: str
    """Read off the token."""
    namespace: str
    """The agent's own namespace (``BERTH_NAMESPACE``)."""
    instance: str
    """Name of the pod (``HOSTNAME``)."""
    pod_uid: str = ""
    """Of the pod (``BERTH_POD_UID``): a restarted container of the same pod leads again at once."""
    ca_file: Path | None = None
    """Authorities that the control plane's certificate is checked against, in place of the
    system's (``BERTH_CA_FILE``); an empty file is none."""
    service_account: str = "berth-agent"
    """``BERTH_SERVICE_ACCOUNT``"""
    health: tuple[str, int] = ("0.0.0.0", 8080)  # noqa: S104 - the kubelet asks from outside the pod
    """Where liveness and readiness are served (``BERTH_HEALTH_ADDRESS``)."""
    log_level: str = "INFO"
    """``BERTH_LOG_LEVEL``"""
    proxy: ProxyPod | None = field(default_factory=ProxyPod)
    """What the proxy's pod has beside what the control plane says (``BERTH_PROXY_POD``); None: no
    proxy (``BERTH_PROXY=off``)."""


def load(environment: Mapping[str, str]) -> Settings:
    """Read and check the settings. Raises ``BadSettings``."""
    token_file = Path(_required(environment, "BERTH_AGENT_TOKEN_FILE"))
    ca_file = environment.get("BERTH_CA_FILE", "")
    if ca_file and not Path(ca_file).is_file():
        raise BadSettings(f"BERTH_CA_FILE: there is no file {ca_file}")
    return Settings(
        control_plane=_address(_required(environment, "BERTH_CONTROL_PLANE_URL")),
        token_file=token_file,
        agent_id=agent_id_of(read_token(token_file)),
        namespace=_required(environment, "BERTH_NAMESPACE"),
        instance=environment.get("HOSTNAME") or socket.gethostname(),
        pod_uid=environment.get("BERTH_POD_UID", ""),
        ca_file=Path(ca_file) if ca_file and Path(ca_file).stat().st_size else None,
        service_account=environment.get("BERTH_SERVICE_ACCOUNT", "berth-agent"),
        health=_listen(environment.get("BERTH_HEALTH_ADDRESS", "0.0.0.0:8080")),
        log_level=_level(environment.get("BERTH_LOG_LEVEL", "INFO")),
        proxy=_proxy(environment.get("BERTH_PROXY", "on"), environment.get("BERTH_PROXY_POD", "")),
    )


def read_token(path: Path) -> str:
    """The token in a file. Raises ``BadSettings`` without naming what is in it."""
    try:
        return path.read_text().strip()
    except OSError as error:
        raise BadSettings(f"BERTH_AGENT_TOKEN_FILE: cannot read {path}: {error.strerror}") from None


def agent_id_of(token: str) -> str:
    """The id that an agent's token carries. Raises ``BadSettings``."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise BadSettings(
            "BERTH_AGENT_TOKEN_FILE: this is no agent's token; it begins with berth_agt_ and is "
            "shown once when the agent is registered"
        )
    return f"ag-{match[1]}"


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise BadSettings(f"{name} is not set")
    return value


def is_safe(url: str) -> bool:
    """Whether nobody between can read what is sent there: https, or this very machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
    return bool(parts.hostname) and (parts.scheme == "https" or plain)


def _address(url: str) -> str:
    if not is_safe(url) or urlsplit(url).query:
        raise BadSettings(f"BERTH_CONTROL_PLANE_URL: {url} is no https address")
    return url.rstrip("/")


def _listen(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise BadSettings(f"BERTH_HEALTH_ADDRESS: {text} is not address:port")
    return host, int(port)


def _level(text: str) -> str:
    if text not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise BadSettings(f"BERTH_LOG_LEVEL: {text} is not DEBUG, INFO, WARNING or ERROR")
    return text


def _proxy(switch: str, text: str) -> ProxyPod | None:
    if switch not in ("on", "off"):
        raise BadSettings(f"BERTH_PROXY: {switch} is not on or off")
    if switch == "off":
        return None
    try:
        return msgspec.json.decode(text or "{}", type=ProxyPod)
    except msgspec.DecodeError as error:
        raise BadSettings(
            f'BERTH_PROXY_POD: not JSON like {{"pod": {{}}, "container": {{}}}}: {error}'
        ) from None
