"""The life of one pod, from the scheduler to the last byte of its volume: one step at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from berth_kube import kinds
from simulation.cluster.controllers.claims import claims_of
from simulation.cluster.controllers.containers import Containers
from simulation.cluster.controllers.environment import Environment
from simulation.cluster.controllers.steps import RETRY, Steps, condition
from simulation.cluster.controllers.warnings import Warnings
from simulation.cluster.store import Author, Key, Stored

FIRST_BACKOFF = 10.0
UNBOUND = "pod has unbound immediate PersistentVolumeClaims"
BINDING_LOOK = 0.5
"""The scheduler hears of a claim that was bound: it does not wait for the next attempt."""
STATUS_LAG = 15.0
"""The kubelet tells an event at once, and writes the status up to so many seconds later."""


@dataclass(frozen=True, slots=True)
class Mount:
    """Claims of a namespace on a node, in use by a pod."""

    pod: Key
    uid: str
    node: str
    claims: tuple[str, ...]
    since: float


class Life:
    """``mount`` is set while the pod holds its volumes; ``others`` yields the mounts of all pods."""

    def __init__(
        self,
        environment: Environment,
        warnings: Warnings,
        pod: Stored,
        others: Callable[[], Iterable[Mount]],
    ) -> None:
        self._environment = environment
        self._steps = Steps(environment, warnings, pod)
        self._others = others
        self._place = self._steps.key[0]
        self._containers = Containers(pod.object["spec"])
        self._attempts = 0
        self._node = pod.object["spec"].get("nodeName", "")
        self.mount: Mount | None = None
        self._steps.later(environment.weather.scheduling, self._schedule)

    def stop(self) -> None:
        """Deletion is wished: end the containers, within the grace period or after the node's return."""
        environment = self._environment
        slow = environment.befalls("slow_stop")
        span = environment.weather.lost_node if slow else environment.weather.stopping
        environment.after(environment.span(span), self._steps.end)

    def _schedule(self) -> None:
        weather, chance = self._environment.weather, self._environment.chance
        if obstacle := self._obstacle():
            unscheduled = condition("PodScheduled", "False", "Unschedulable", obstacle)
            self._steps.put({"phase": "Pending", "conditions": [unscheduled]})
            self._steps.warn("FailedScheduling", obstacle)
            if obstacle == UNBOUND:
                self._steps.at(BINDING_LOOK, self._schedule)
            else:
                self._steps.again(self._schedule)
            return
        if self._node:
            self._admit()
            return
        self._node = f"node-{chance.randint(1, weather.nodes)}"
        spec = {**self._steps.pod["spec"], "nodeName": self._node}
        who = "default-scheduler"
        self._environment.registry.edit(
            kinds.POD, self._steps.key, lambda thing: {**thing, "spec": spec}, Author(who)
        )
        self._admit()

    def _admit(self) -> None:
        """The kubelet of the node sees the pod."""
        self._write()
        self._steps.later(self._environment.weather.attaching, self._attach)

    def _obstacle(self) -> str:
        for name in claims_of(self._steps.pod):
            claim = self._environment.store.get(kinds.VOLUME_CLAIM, self._place, name)
            if claim is None:
                return f'persistentvolumeclaim "{name}" not found'
            if claim.object["metadata"].get("deletionTimestamp"):
                return f'persistentvolumeclaim "{name}" is being deleted'
            if claim.object["status"]["phase"] != "Bound":
                return UNBOUND
        if self._environment.befalls("unschedulable"):
            nodes = self._environment.weather.nodes
            return f"0/{nodes} nodes are available: {nodes} Insufficient cpu."
        return ""

    def _attach(self) -> None:
        """ReadWriteOnce: a volume is on one node at a time."""
        claims = tuple(claims_of(self._steps.pod))
        for other in self._others():
            shared = other.pod[0] == self._place and set(other.claims) & set(claims)
            if shared and other.node != self._node:
                told = "Multi-Attach error for volume: it is already used by another pod"
                self._retried("FailedAttachVolume", told, self._attach)
                return
        if self._environment.befalls("attach_failure"):
            told = "AttachVolume.Attach failed: timed out waiting for the condition"
            self._retried("FailedAttachVolume", told, self._attach)
        elif self._environment.befalls("mount_failure"):
            told = "MountVolume.SetUp failed: rpc error: device is busy"
            self._retried("FailedMount", told, self._attach)
        else:
            self.mount = Mount(
                self._steps.key, self._steps.uid, self._node, claims, self._environment.now()
            )
            self._pull(0)

    def _pull(self, index: int) -> None:
        environment, containers = self._environment, self._containers
        if environment.befalls("pull_failure"):
            image = containers.specs[index].get("image", "")
            told = f'Failed to pull image "{image}": not found'
            self._steps.warn("Failed", told, containers.field(index))
            backoff = self._backoff()
            lag = min(backoff / 2, environment.chance.uniform(0.0, STATUS_LAG))
            self._steps.at(lag, lambda: self._wait(index, "ErrImagePull", told))
            said = f'Back-off pulling image "{image}"'
            self._steps.at(
                max(lag, backoff / 2), lambda: self._wait(index, "ImagePullBackOff", said)
            )
            self._steps.at(backoff, lambda: self._pull(index))
        else:
            self._attempts = 0
            self._steps.later(environment.weather.pulling, lambda: self._start(index))

    def _start(self, index: int) -> None:
        environment, containers = self._environment, self._containers
        if missing := self._missing_secret(index):
            self._steps.warn("Failed", f"Error: {missing}", containers.field(index))
            self._wait(index, "CreateContainerConfigError", missing)
            self._steps.at(RETRY, lambda: self._start(index))
            return
        containers.run(index, environment.now())
        self._write()
        is_init = containers.is_init(index)
        span = environment.weather.cloning if is_init else environment.weather.readiness
        self._steps.later(span, lambda: self._finish(index) if is_init else self._serve(index))
        if not is_init and index + 1 < len(containers.specs):
            self._pull(index + 1)

    def _missing_secret(self, index: int) -> str:
        if self._environment.befalls("config_failure"):
            return 'configmap "berth-trust" not found'
        for source in self._containers.specs[index].get("envFrom") or ():
            secret = source.get("secretRef") or {}
            if secret and not secret.get("optional"):
                store, name = self._environment.store, secret["name"]
                if store.get(kinds.SECRET, self._place, name) is None:
                    return f'secret "{name}" not found'
        return ""

    def _finish(self, index: int) -> None:
        """End an init container, well or badly."""
        if self._environment.befalls("clone_failure"):
            self._crash(index, 1, "Error")
            return
        self._containers.end(index, 0, "Completed", self._environment.now())
        self._write()
        self._pull(index + 1)

    def _serve(self, index: int) -> None:
        """Become ready, or crash before."""
        environment = self._environment
        if environment.befalls("crash"):
            self._crash(index, *self._how())
            return
        self._containers.ready(index)
        self._write()
        if environment.befalls("late_crash"):
            self._steps.later(
                environment.weather.late_after, lambda: self._crash(index, *self._how())
            )
        elif environment.befalls("eviction"):
            self._steps.later(environment.weather.late_after, self._evict)

    def _how(self) -> tuple[int, str]:
        return (137, "OOMKilled") if self._environment.befalls("out_of_memory") else (1, "Error")

    def _crash(self, index: int, code: int, reason: str) -> None:
        environment, containers = self._environment, self._containers
        containers.end(index, code, reason, environment.now())
        self._write()
        restarts = containers.restarts(index)
        if restarts == 1:
            self._steps.at(1.0, lambda: self._start(index))
            return
        backoff = min(FIRST_BACKOFF * 2.0 ** min(restarts - 2, 10), environment.weather.backoff_cap)
        name = containers.specs[index]["name"]
        said = f"back-off {int(backoff)}s restarting failed container={name}"
        self._steps.at(0.5, lambda: self._wait(index, "CrashLoopBackOff", said))
        self._steps.at(backoff, lambda: self._start(index))

    def _evict(self) -> None:
        said = "The node was low on resource: memory."
        self._steps.put({"phase": "Failed", "reason": "Evicted", "message": said})
        self._steps.warn("Evicted", said)

    def _wait(self, index: int, reason: str, message: str) -> None:
        self._containers.wait(index, reason, message)
        self._write()

    def _write(self) -> None:
        """Write the status of containers and the conditions that follow from it."""
        ready = self._containers.are_ready()
        initialised = self._containers.are_initialised()
        conditions = [
            condition("PodScheduled", "True"),
            condition("Initialized", "True")
            if initialised
            else condition("Initialized", "False", "ContainersNotInitialized"),
            condition("Ready", "True")
            if ready
            else condition("Ready", "False", "ContainersNotReady"),
        ]
        phase = "Running" if initialised and self.mount else "Pending"
        self._steps.put({"phase": phase, "conditions": conditions, **self._containers.statuses()})

    def _backoff(self) -> float:
        self._attempts += 1
        longest = self._environment.weather.backoff_cap
        return min(FIRST_BACKOFF * 2.0 ** min(self._attempts - 1, 10), longest)

    def _retried(self, reason: str, message: str, step: Callable[[], None]) -> None:
        self._steps.warn(reason, message)
        self._steps.again(step)
