"""The Deployment controller, and the collector of what a deleted Deployment owned.

ReplicaSets are left out: pods are owned by their Deployment, and a label tells the template that
they were made of. Strategy Recreate: no pod of a new template before the last of the old is gone.
As with real ReplicaSets, a pod that only terminates does not hold up another of the same template.
"""

from __future__ import annotations

from zlib import crc32

import msgspec

from berth_kube import kinds
from simulation.cluster.controllers.environment import Environment, Object, Round
from simulation.cluster.controllers.rollout import Rollout, Seen
from simulation.cluster.controllers.warnings import Warnings
from simulation.cluster.stamps import make_suffix
from simulation.cluster.store import Event, Key, Stored

_WHO = "deployment-controller"
HASH = "pod-template-hash"
RETRY = 5.0
_ENDLESS = 1_000_000
_REFUSED = (
    'pods "{name}" is forbidden: exceeded quota: berth, requested: pods=1, used: pods={used},'
    " limited: pods={limit}"
)


class Deployments:
    """``made_for`` tells of each pod, by uid, the Deployment's annotations when it was made."""

    def __init__(self, environment: Environment, warnings: Warnings) -> None:
        self._environment = environment
        self._warnings = warnings
        self._round = Round(environment, self._look)
        self._rollouts: dict[str, Rollout] = {}
        self._timed: dict[str, None] = {}
        self.made_for: dict[str, Object] = {}

    def changed(self, event: Event) -> None:
        """Take in a change of a Deployment."""
        if event.type == "DELETED":
            self._rollouts.pop(event.now.uid, None)
            delay = self._environment.span(self._environment.weather.collection)
            uid, namespace = event.now.uid, event.key[0]
            self._environment.after(delay, lambda: self._collect(namespace, uid))
        elif event.before is None or _generation(event.before) != _generation(event.now):
            self._round.poke(event.key)

    def pod_changed(self, event: Event) -> None:
        """Look at the Deployment of a pod."""
        metadata = event.now.object["metadata"]
        for owner in metadata.get("ownerReferences") or ():
            if owner["kind"] == "Deployment":
                self._round.poke((metadata["namespace"], owner["name"]))

    def _look(self, key: Key) -> None:
        live = self._environment.store.get(kinds.DEPLOYMENT, *key)
        if live is None or live.object["metadata"].get("deletionTimestamp"):
            return
        seen = self._seen(live)
        spec = live.object["spec"]
        refusal = ""
        for pod in seen.outdated:
            if not _is_leaving(pod):
                self._environment.delete(kinds.POD, pod, _WHO)
        if not seen.outdated:
            missing = spec["replicas"] - len(seen.active)
            for pod in seen.active[spec["replicas"] :] if missing < 0 else ():
                self._environment.delete(kinds.POD, pod, _WHO)
            for _ in range(max(missing, 0)):
                refusal = refusal or self._add(live, seen.template)
        if refusal:
            self._environment.after(RETRY, lambda: self._round.poke(key))
        self._report(key, refusal)

    def _report(self, key: Key, refusal: str) -> None:
        live = self._environment.store.get(kinds.DEPLOYMENT, *key)
        if live is None:
            return
        rollout = self._rollouts.get(live.uid)
        now = self._environment.now()
        if rollout is None:
            rollout = self._rollouts[live.uid] = Rollout(now)
        status = rollout.status(live.object, self._seen(live), refusal, now)
        self._environment.status(kinds.DEPLOYMENT, key, status, _WHO)
        delay = rollout.deadline(now)
        if delay is not None and live.uid not in self._timed:
            self._timed[live.uid] = None
            self._environment.after(delay, lambda: self._expire(key, live.uid))

    def _expire(self, key: Key, uid: str) -> None:
        del self._timed[uid]
        self._round.poke(key)

    def _seen(self, live: Stored) -> Seen:
        template = (
            f"{crc32(msgspec.json.encode(live.object['spec']['template'], order='sorted')):x}"
        )
        active, outdated = [], []
        for pod in self._environment.store.shelf(kinds.POD).all(
            live.object["metadata"]["namespace"]
        ):
            metadata = pod.object["metadata"]
            owned = any(o["uid"] == live.uid for o in metadata.get("ownerReferences") or ())
            if not owned or pod.object["status"]["phase"] in ("Failed", "Succeeded"):
                continue
            if (metadata.get("labels") or {}).get(HASH) != template:
                outdated.append(pod)
            elif not _is_leaving(pod):
                active.append(pod)
        return Seen(template, active, outdated)

    def _add(self, live: Stored, template: str) -> str:
        """Make a pod; the words of who refused it."""
        environment, metadata = self._environment, live.object["metadata"]
        stated = live.object["spec"]["template"]
        name = f"{metadata['name']}-{template}-{make_suffix(environment.chance)}"
        limit, used = self._quota(metadata["namespace"])
        if used >= limit or environment.befalls("pod_refusal"):
            return _REFUSED.format(name=name, used=max(used, limit), limit=limit)
        owner = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "name": metadata["name"],
            "uid": live.uid,
            "controller": True,
        }
        labels = {**((stated.get("metadata") or {}).get("labels") or {}), HASH: template}
        body = {
            "metadata": {
                "name": name,
                "namespace": metadata["namespace"],
                "labels": labels,
                "ownerReferences": [owner],
            },
            "spec": stated["spec"],
        }
        made = environment.create(kinds.POD, body, _WHO)
        if isinstance(made, str):
            return made
        self.made_for[made.uid] = metadata.get("annotations") or {}
        return ""

    def _quota(self, namespace: str) -> tuple[int, int]:
        """How many pods the namespace may have, and has; those that terminate count."""
        store = self._environment.store
        quotas = store.shelf(kinds.RESOURCE_QUOTA).all(namespace)
        limits = [int(quota.object["spec"]["hard"].get("pods", _ENDLESS)) for quota in quotas]
        pods = store.shelf(kinds.POD).all(namespace)
        used = sum(pod.object["status"]["phase"] not in ("Failed", "Succeeded") for pod in pods)
        return min(limits, default=_ENDLESS), used

    def _collect(self, namespace: str, uid: str) -> None:
        for pod in list(self._environment.store.shelf(kinds.POD).all(namespace)):
            owners = pod.object["metadata"].get("ownerReferences") or ()
            if any(owner["uid"] == uid for owner in owners):
                self._environment.delete(kinds.POD, pod, "garbage-collector")


def _generation(stored: Stored) -> object:
    return stored.object["metadata"].get("generation")


def _is_leaving(pod: Stored) -> bool:
    return bool(pod.object["metadata"].get("deletionTimestamp"))
