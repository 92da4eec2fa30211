"""Why a container does not start, while its status does not say so yet.

The kubelet tells an event at once, but writes the status with its next look at the pod, 10 to 15 s
later. So until then the event stands for the status.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from berth_agent.view import WorkspaceFacts
from berth_kube.projections import Event, Pod

_FIELD = re.compile(r"spec\.(initContainers|containers)\{([-a-z0-9]+)\}")

_MEANINGS: Final = (
    ("Failed", re.compile("Failed to pull image "), "ErrImagePull"),
    ("InspectFailed", re.compile("Failed to apply default image tag "), "InvalidImageName"),
    ("ErrImageNeverPull", re.compile(""), "ErrImageNeverPull"),
    (
        "Failed",
        re.compile("Error: (secret |configmap |couldn't find key )"),
        "CreateContainerConfigError",
    ),
)
"""Reason of an event, how its message begins, and the reason that the status will have."""


@dataclass(frozen=True, slots=True)
class Forewarning:
    """What the status of a container will say."""

    source: Literal["init", "container"]
    name: str
    reason: str
    message: str


def forewarnings_of(facts: WorkspaceFacts, unsaid: frozenset[str]) -> Iterator[Forewarning]:
    """Yield one for each container of which an event says that it failed, while its status waits
    for a reason of ``unsaid``."""
    told: set[tuple[str, str]] = set()
    for event in facts.warnings.values():
        field, reason = _field(event), _meaning(event)
        if field is None or reason is None or field in told:
            continue
        pod, (source, name) = facts.pods.get(event.involved_object.name), field
        if pod is not None and _is_about(event, pod) and _waits(pod, name, unsaid):
            told.add(field)
            yield Forewarning(source, name, reason, event.message)


def _is_about(event: Event, pod: Pod) -> bool:
    return event.involved_object.uid == pod.metadata.uid and not pod.metadata.deletion_timestamp


def _waits(pod: Pod, name: str, reasons: frozenset[str]) -> bool:
    """Whether the container waits for one of the reasons."""
    return any(
        status.name == name and status.state.waiting and status.state.waiting.reason in reasons
        for status in pod.status.init_container_statuses + pod.status.container_statuses
    )


def _field(event: Event) -> tuple[Literal["init", "container"], str] | None:
    found = _FIELD.fullmatch(event.involved_object.field_path)
    if event.involved_object.kind != "Pod" or found is None:
        return None
    return ("init" if found[1] == "initContainers" else "container"), found[2]


def _meaning(event: Event) -> str | None:
    for reason, beginning, meaning in _MEANINGS:
        if event.reason == reason and beginning.match(event.message):
            return meaning
    return None
