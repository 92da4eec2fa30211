"""What the agent watches: its own objects by their label, and Warning events of its namespaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from berth_agent import tombstones
from berth_agent.events import Watched
from berth_agent.ownership import Owner
from berth_agent.view import is_ours
from berth_kube import kinds
from berth_kube.client import Client
from berth_kube.machine import THREADS, Machine
from berth_kube.projections import ConfigMap, Deployment, Event, Namespace, Pod
from berth_kube.reach import Reach
from berth_kube.reflector import Change, Reflector
from berth_kube.source import Source, Timing
from chalicelib.wire import labels

OnChange: TypeAlias = Callable[[Change[Watched]], None]


def reflectors(
    client: Client,
    owner: Owner,
    on_change: OnChange,
    *,
    timing: Timing | None = None,
    machine: Machine = THREADS,
) -> list[Reflector[Watched]]:
    """One for each kind."""
    ours = f"{labels.AGENT_ID}={owner.agent_id}"
    buried = f"{ours},{labels.TOMBSTONE}={tombstones.SELECTED}"
    sources: list[Source[Watched]] = [
        Source(kinds.NAMESPACE, Namespace, label_selector=ours),
        Source(kinds.DEPLOYMENT, Deployment, label_selector=ours),
        Source(kinds.POD, Pod, label_selector=ours),
        Source(kinds.CONFIG_MAP, ConfigMap, namespace=owner.namespace, label_selector=buried),
        Source(kinds.EVENT, Event, field_selector="type=Warning", accept=_is_telling),
    ]
    reach = Reach(machine)
    return [Reflector(client, source, on_change, timing=timing, reach=reach) for source in sources]


def _is_telling(item: Watched) -> bool:
    return isinstance(item, Event) and is_ours(item)
