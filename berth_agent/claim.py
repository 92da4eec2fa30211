"""The parent ConfigMap of a workspace: whose generation is being applied.

It is written first, by compare-and-swap, so that of two agents the one with the newer order wins
and the other finds out before its next write.
"""

from __future__ import annotations

from typing import Any

from berth_agent.ownership import Group
from berth_kube.client import Client
from berth_kube.kinds import CONFIG_MAP
from berth_kube.projections import Annotations, Partial
from chalicelib.wire import labels
from chalicelib.wire.reconcile import Object


class Overtaken(Exception):
    """A newer generation is claimed, or the workspace is to be terminated: stop."""


def read(client: Client, group: Group) -> Partial | None:
    """The live parent, or None."""
    return client.get(CONFIG_MAP, group.place, Partial, namespace=group.place)


def take(client: Client, group: Group, live: Partial | None) -> None:
    """Claim the order's generation. Raises ``Overtaken``, or ``Conflict`` when another was quicker."""
    if live is None:
        client.create(group.parent)
        return
    if live.metadata.annotations.generation_number > group.order.generation:
        raise Overtaken
    body = _widened(group.parent, live.metadata.annotations)
    if not _says_the_same(body["metadata"]["annotations"], live.metadata.annotations):
        body["metadata"]["resourceVersion"] = live.metadata.resource_version
        client.replace(body)


def verify(client: Client, group: Group) -> None:
    """Raise ``Overtaken`` unless the claim is still ours."""
    live = read(client, group)
    found = live.metadata.annotations if live else Annotations()
    same = found.generation_number == group.order.generation
    if not same or found.spec_digest != group.order.spec_digest:
        raise Overtaken


def names_in(text: str) -> list[str]:
    """Names of a comma-separated annotation."""
    return [name for name in text.split(",") if name]


def _widened(parent: Object, live: Annotations) -> dict[str, Any]:
    """The parent, naming also what the set held before: it is pruned by these names."""
    metadata = dict(parent["metadata"])
    annotations = dict(metadata.get("annotations") or {})
    for key, before in (
        (labels.SECRET_NAMES, live.secret_names),
        (labels.APPLYSET_KINDS, live.group_kinds),
    ):
        names = {*names_in(before), *names_in(annotations.get(key, ""))}
        annotations[key] = ",".join(sorted(names))
    return {**parent, "metadata": {**metadata, "annotations": annotations}}


def _says_the_same(body: dict[str, str], live: Annotations) -> bool:
    return (
        body.get(labels.GENERATION) == live.generation
        and body.get(labels.SPEC_DIGEST) == live.spec_digest
        and body.get(labels.SECRET_NAMES) == live.secret_names
        and body.get(labels.APPLYSET_KINDS) == live.group_kinds
    )
