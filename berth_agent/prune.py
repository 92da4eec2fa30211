"""Deletes what a workspace's set held once and holds no longer.

Never volumes: those go with the namespace, when the workspace is terminated. Never by what is
absent from a message: only what carries the set's own label, inside a complete order.
"""

from __future__ import annotations

from berth_agent import claim
from berth_agent.ownership import Group
from berth_kube import kinds
from berth_kube.client import Client
from berth_kube.kinds import Kind, kind_of, kind_of_group_kind
from berth_kube.projections import Partial
from chalicelib.wire import labels

_NEVER = (kinds.NAMESPACE, kinds.VOLUME_CLAIM, kinds.SECRET)
"""Secrets are deleted by the names that the parent keeps: the agent may not list them."""


def prune(client: Client, group: Group, before: Partial | None) -> None:
    """Delete, each only if it still is the very object that was listed. ``before``: the parent
    as it was before this order claimed it."""
    if before is None:
        return
    known = before.metadata.annotations
    for name in claim.names_in(known.secret_names):
        if name not in group.order.secret_names:
            client.delete(kinds.SECRET, name, namespace=group.place)
    wanted = _wanted(group)
    for kind in _kinds(known.group_kinds, group):
        for live in client.list_metadata(
            kind, namespace=group.place, selector=f"{labels.PART_OF}={group.part_of}"
        ):
            if (kind, live.metadata.name) not in wanted:
                client.delete(
                    kind, live.metadata.name, namespace=group.place, uid=live.metadata.uid
                )


def _wanted(group: Group) -> set[tuple[Kind | None, str]]:
    objects = (*group.members, group.deployment, group.parent)
    return {(kind_of(o["apiVersion"], o["kind"]), o["metadata"]["name"]) for o in objects}


def _kinds(before: str, group: Group) -> list[Kind]:
    now = group.parent["metadata"]["annotations"].get(labels.APPLYSET_KINDS, "")
    names = {*claim.names_in(before), *claim.names_in(now)}
    found = (kind_of_group_kind(name) for name in sorted(names))
    return [kind for kind in found if kind is not None and kind not in _NEVER]
