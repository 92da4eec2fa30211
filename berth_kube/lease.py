"""Leader election by a Lease: at most one leader, by a deadline on the monotonic clock.

client-go's protocol and times, and what the Python library's elector lacks: every request has a
time limit, every failure counts against the deadline, the deadline counts from when the successful
renewal was *sent*, and a loss is always told. Whoever loses must exit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from berth_kube.client import Client, Object
from berth_kube.errors import KubernetesError
from berth_kube.kinds import LEASE
from berth_kube.machine import THREADS, Machine
from berth_kube.projections import Projection

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LeaseTiming:
    """Seconds. A leader stops ``renew_deadline`` after its last renewal; others wait ``duration``
    after they last saw one: the difference is the margin for clocks and networks."""

    duration: float = 15.0
    renew_deadline: float = 10.0
    retry: float = 2.0
    jitter: float = 1.2

    @property
    def request(self) -> tuple[float, float]:
        """(connect, read) limits of each request: both together half of the deadline."""
        return (self.renew_deadline / 4, self.renew_deadline / 4)


class LostLease(Exception):
    """The Lease is not ours any more: nothing may be written."""


class _Metadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""


class _Spec(Projection, frozen=True):
    holder_identity: str = ""
    lease_duration_seconds: int = 0
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int = 0


class _Lease(msgspec.Struct):
    metadata: _Metadata
    spec: _Spec = _Spec()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Which Lease, and who stands for it.

    Of two processes with one ``identity`` the former must be dead when the latter starts, as with
    the containers of one pod: the latter takes over at once, with a new epoch.
    """

    namespace: str
    name: str
    identity: str


class Elector:
    """``client`` must have the limits of ``LeaseTiming.request``."""

    def __init__(
        self,
        client: Client,
        candidate: Candidate,
        *,
        timing: LeaseTiming | None = None,
        machine: Machine = THREADS,
    ) -> None:
        self._client = client
        self._candidate = candidate
        self._timing = timing or LeaseTiming()
        self._machine = machine
        self._valid_until = float("-inf")
        self._seen: tuple[str, float] = ("", float("-inf"))
        self._held = _Spec()
        self._stopping = machine.signal()

    @property
    def epoch(self) -> int:
        """Transitions of the Lease while it is ours: every new holder has a higher one."""
        return self._held.lease_transitions

    def is_leader(self) -> bool:
        """True until ``renew_deadline`` after the last successful renewal was sent."""
        return self._machine.now() < self._valid_until

    def check(self) -> None:
        """Raise ``LostLease`` unless we lead: for ``Client(before_write=...)``."""
        if not self.is_leader():
            raise LostLease(f"{self._candidate.identity} holds the Lease no longer")

    def stop(self) -> None:
        """Make ``run`` return, releasing the Lease."""
        self._stopping.set()

    def run(self, on_started: Callable[[int], None], on_lost: Callable[[], None]) -> None:
        """Stand for the Lease until ``stop``.

        ``on_started(epoch)`` is called once it is ours, ``on_lost`` when it is lost, after which
        this returns: a process leads at most once.
        """
        while not self.attempt():
            if self._stopping.wait(self._pause()):
                return
        log.info("leading as %s, epoch %d", self._candidate.identity, self.epoch)
        on_started(self.epoch)
        while not self._stopping.wait(min(self._timing.retry, self._left())):
            if not self.attempt() and not self.is_leader():
                log.error("lost the Lease %s", self._candidate.name)
                on_lost()
                return
        self._release()

    def attempt(self) -> bool:
        """Acquire or renew once; False when it failed or belongs to another."""
        sent = self._machine.now()
        try:
            if not self._write(sent):
                return False
        except KubernetesError as error:
            log.warning("no answer about the Lease %s: %s", self._candidate.name, error)
            return False
        self._valid_until = sent + self._timing.renew_deadline
        return True

    def _write(self, now: float) -> bool:
        name, namespace = self._candidate.name, self._candidate.namespace
        lease = self._client.get(LEASE, name, _Lease, namespace=namespace)
        led = bool(self._held.holder_identity)
        held = self._renewal(lease) if led else self._claim(lease, now)
        if held is None:
            self._valid_until = float("-inf")
            return False
        if lease is None:
            written = self._client.create(self._body(held))
        else:
            written = self._client.replace(self._body(held, lease.metadata.resource_version))
        self._held = held
        self._seen = (written.metadata.resource_version, now)
        return True

    def _renewal(self, lease: _Lease | None) -> _Spec | None:
        """Our hold, renewed; None where it is another by now.

        Whoever led acts by the epoch that it was told. It never takes a Lease again that went round
        or was deleted while it slept: its process ends, and the next one learns a new epoch.
        """
        if lease is None or lease.spec.holder_identity != self._candidate.identity:
            return None
        if lease.spec.lease_transitions != self._held.lease_transitions:
            return None
        return msgspec.structs.replace(lease.spec, renew_time=self._stamp())

    def _claim(self, lease: _Lease | None, now: float) -> _Spec | None:
        """Our hold, new; None while the Lease belongs to another."""
        if lease is None:
            # A Lease made anew must not start below its predecessor's count, or the control plane,
            # which fences by it, would refuse a reinstalled agent for ever: minutes since 1970.
            return self._spec(int(self._machine.wall() / 60))
        if lease.metadata.resource_version != self._seen[0]:
            self._seen = (lease.metadata.resource_version, now)
        former = lease.spec.holder_identity == self._candidate.identity  # a process that is dead
        free = not lease.spec.holder_identity
        longest = max(self._timing.duration, lease.spec.lease_duration_seconds)
        expired = now >= self._seen[1] + longest
        is_ours = former or free or expired
        return self._spec(lease.spec.lease_transitions + 1) if is_ours else None

    def _release(self) -> None:
        if not self.is_leader():
            return
        freed = msgspec.structs.replace(self._held, holder_identity="", lease_duration_seconds=1)
        self._valid_until = float("-inf")  # before the write: another may lead as soon as it lands
        try:
            self._client.replace(self._body(freed, self._seen[0]))
            log.info("released the Lease %s", self._candidate.name)
        except KubernetesError as error:
            log.warning("could not release the Lease %s: %s", self._candidate.name, error)

    def _spec(self, transitions: int) -> _Spec:
        stamp = self._stamp()
        return _Spec(
            holder_identity=self._candidate.identity,
            lease_duration_seconds=max(1, round(self._timing.duration)),
            acquire_time=stamp,
            renew_time=stamp,
            lease_transitions=transitions,
        )

    def _body(self, spec: _Spec, resource_version: str = "") -> Object:
        metadata = {"name": self._candidate.name, "namespace": self._candidate.namespace}
        if resource_version:
            metadata["resourceVersion"] = resource_version
        return {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.name,
            "metadata": metadata,
            "spec": msgspec.to_builtins(spec),
        }

    def _stamp(self) -> str:
        return datetime.fromtimestamp(self._machine.wall(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def _pause(self) -> float:
        return self._timing.retry * (1.0 + self._timing.jitter * self._machine.chance())

    def _left(self) -> float:
        """Seconds until the deadline: the elector looks then, whatever the retry period says."""
        return max(0.05, self._valid_until - self._machine.now())
