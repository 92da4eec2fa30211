"""Services of workspaces as routes. A Service counts only where its own namespace is that of the
workspace that its label names, so that nobody draws another's traffic by a label.
"""

import ipaddress
import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from berth_kube.client import Client
from berth_kube.kinds import SERVICE
from berth_kube.projections import Service
from berth_kube.reflector import Change, Reflector
from berth_kube.source import Source
from berth_proxy.hosts import Endpoint, parse_label
from berth_proxy.routes import Wanted
from chalicelib.wire import labels

_LOG = logging.getLogger(__name__)
_REACHABLE = frozenset({"private", "organisation", "signed-in", "public"})


@dataclass(frozen=True, slots=True)
class Found:
    """What a Service says: the workspace, and its route where it is to be reached."""

    workspace_id: str
    wanted: Wanted | None


def read_service(service: Service, agent_id: str) -> Found | None:
    """Return what a Service of this agent says; None when it is no workspace's."""
    metadata = service.metadata
    workspace_id = metadata.labels.workspace_id
    is_ours = metadata.labels.agent_id == agent_id and metadata.namespace == labels.namespace_of(
        workspace_id
    )
    if not is_ours or parse_label(Endpoint(1024, workspace_id).label) is None:
        return None
    exposures = _exposures(metadata.annotations.endpoints)
    if (
        metadata.annotations.serving != "true"
        or not exposures
        or not _is_address(service.spec.cluster_ip)
    ):
        return Found(workspace_id, None)
    return Found(workspace_id, Wanted(workspace_id, service.spec.cluster_ip, exposures))


def _exposures(annotation: str) -> tuple[tuple[int, str], ...]:
    try:
        found = {
            int(endpoint["port"]): str(endpoint["exposure"])
            for endpoint in json.loads(annotation or "[]")
        }
    except (ValueError, KeyError, TypeError):
        return ()
    # Until exposures beyond the owner are decided here, every reachable one asks for a session of its own.
    return tuple(
        sorted((port, exposure) for port, exposure in found.items() if exposure in _REACHABLE)
    )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


class Discovery:
    """Follows the Services in a thread and hands on what each change means."""

    def __init__(self, client: Client, agent_id: str, on_found: Callable[[Found], None]) -> None:
        self._agent_id = agent_id
        self._on_found = on_found
        source = Source(SERVICE, Service, label_selector=f"{labels.AGENT_ID}={agent_id}")
        self._reflector = Reflector(client, source, self._changed)
        self._thread = threading.Thread(target=self._reflector.run, name="services", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the thread."""
        self._reflector.stop()
        self._thread.join()

    def _changed(self, change: Change[Service]) -> None:
        service = change.new if change.new is not None else change.old
        found = None if service is None else read_service(service, self._agent_id)
        if found is None:
            return
        gone = change.new is None
        self._on_found(Found(found.workspace_id, None if gone else found.wanted))
