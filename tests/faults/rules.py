"""What must hold of the real objects, whatever failed; the numbers are those of the simulation's rules.

``broken`` judges all versions that ever were, at any time; ``unsettled`` what is there once all is done.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from berth_kube.kinds import CONFIG_MAP, DEPLOYMENT, NAMESPACE, POD, VOLUME_CLAIM, Kind
from chalicelib.domain.workspaces.states import EFFECTS, DesiredState
from tests.faults.history import Object, Version

Shown = Mapping[str, Any]
"""A workspace as the control plane shows it."""


def broken(versions: Sequence[Version], doomed: AbstractSet[str]) -> list[str]:
    """What was wrong at some time. ``doomed``: workspaces whose end somebody asked for."""
    return [
        *nothing_comes_back(versions),
        *no_volume_is_lost(versions, doomed),
        *one_volume_and_one_pod_that_holds_it(versions),
        *nothing_old_overwrites(versions),
    ]


def nothing_comes_back(versions: Sequence[Version]) -> Iterator[str]:
    """INV-2: nothing of a workspace is made again once its namespace is gone."""
    ended = {
        each.workspace_id: each.at
        for each in versions
        if each.kind is NAMESPACE and each.event == "DELETED"
    }
    for each in versions:
        if each.event == "ADDED" and each.at > ended.get(each.workspace_id, each.at):
            yield f"INV-2: {_words(each)} was made after the end"


def no_volume_is_lost(versions: Sequence[Version], doomed: AbstractSet[str]) -> Iterator[str]:
    """INV-3: no namespace and no volume claim is deleted while its workspace is wanted."""
    for each in versions:
        is_kept = each.kind in (NAMESPACE, VOLUME_CLAIM) and each.workspace_id not in doomed
        if is_kept and each.is_ending:
            yield f"INV-3: {_words(each)} was deleted while it is wanted"


def one_volume_and_one_pod_that_holds_it(versions: Sequence[Version]) -> Iterator[str]:
    """INV-10: a workspace has one namespace, one volume, one Deployment all its life, and one pod at a time."""
    uids: dict[tuple[str, Kind], set[str]] = {}
    holding: dict[str, set[str]] = {}
    for each in versions:
        if each.kind is POD:
            holders = holding.setdefault(each.workspace_id, set())
            change = holders.discard if _has_ended(each) else holders.add
            change(each.name)
            if len(holders) > 1:
                yield f"INV-10: {each.workspace_id}: {sorted(holders)} hold one volume"
        elif each.kind is not CONFIG_MAP:
            uids.setdefault((each.workspace_id, each.kind), set()).add(each.uid)
    for (workspace_id, kind), found in uids.items():
        if len(found) > 1:
            yield f"INV-10: {workspace_id} had {len(found)} of {kind.name}"


def nothing_old_overwrites(versions: Sequence[Version]) -> Iterator[str]:
    """INV-11: the generation of a Deployment, and of the parent's claim, never falls."""
    highest: dict[str, int] = {}
    for each in versions:
        if each.kind in (DEPLOYMENT, CONFIG_MAP) and each.generation:
            before = highest.get(each.uid, 0)
            if each.generation < before:
                yield f"INV-11: {_words(each)} fell from {before} to {each.generation}"
            highest[each.uid] = max(each.generation, before)


def unsettled(shown: Iterable[Shown], live: Sequence[Version]) -> list[str]:
    """What is not yet as it is wanted. ``live`` are the objects that are there, tombstones too."""
    return [words for each in shown for words in _unsettled(each, live)]


def _unsettled(shown: Shown, live: Sequence[Version]) -> Iterator[str]:
    effect = EFFECTS[DesiredState(shown["desired"])]
    found = [each for each in live if each.workspace_id == shown["id"]]
    if shown["actual"] != effect.reached:
        yield f"INV-21: {shown['id']} is {shown['actual']}, wanted {shown['desired']}"
    if effect.replicas is None:
        for each in found:
            yield f"INV-24: {_words(each)} is left of what was terminated"
    else:
        yield from _unlike(shown, found, effect.replicas)


def _unlike(shown: Shown, found: Sequence[Version], replicas: int) -> Iterator[str]:
    """Where the objects differ from what is wanted and shown."""
    name, generation = shown["id"], shown["generation"]
    if shown["acknowledged"] != generation:
        yield f"INV-21: {name} is acknowledged at {shown['acknowledged']} of {generation}"
    for kind in (NAMESPACE, VOLUME_CLAIM):
        if (count := len(_of(kind, found))) != 1:
            yield f"INV-10: {name} has {count} of {kind.name}"
    carried = [(e.generation, e.object["spec"]["replicas"]) for e in _of(DEPLOYMENT, found)]
    if carried != [(generation, replicas)]:
        yield f"INV-11: {name} has Deployments {carried}, wanted {(generation, replicas)}"
    claims = [each.generation for each in _of(CONFIG_MAP, found) if each.generation]
    if claims != [generation]:
        yield f"INV-11: {name} is claimed by {claims}, wanted {generation}"
    ready = [_is_ready(each.object) for each in _of(POD, found) if not _has_ended(each)]
    if ready != [True] * replicas:
        yield f"INV-23: {name} is shown {shown['actual']}, ready are {ready}"


def _of(kind: Kind, found: Sequence[Version]) -> list[Version]:
    return [each for each in found if each.kind is kind]


def _has_ended(pod: Version) -> bool:
    phase = (pod.object.get("status") or {}).get("phase")
    return pod.event == "DELETED" or phase in ("Failed", "Succeeded")


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _words(version: Version) -> str:
    return f"{version.workspace_id}: {version.kind.name} {version.name} (version {version.at})"
