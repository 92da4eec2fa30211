"""How much a container may use. Requests and limits are always stated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from chalicelib.domain.targets.target import Object


@dataclass(frozen=True, slots=True)
class Amount:
    """CPU in thousandths of a core, memory and ephemeral storage in MiB."""

    cpu: int
    memory: int
    storage: int

    def quantities(self) -> dict[str, str]:
        """As Kubernetes writes it."""
        return {
            "cpu": f"{self.cpu}m",
            "memory": f"{self.memory}Mi",
            "ephemeral-storage": f"{self.storage}Mi",
        }


@dataclass(frozen=True, slots=True)
class Need:
    """What a container requests and what it may use at most."""

    request: Amount
    limit: Amount

    def resources(self) -> Object:
        """Return the container's ``resources``."""
        return {"requests": self.request.quantities(), "limits": self.limit.quantities()}


def total(amounts: Iterable[Amount]) -> Amount:
    """Return the sum."""
    cpu = memory = storage = 0
    for amount in amounts:
        cpu, memory, storage = cpu + amount.cpu, memory + amount.memory, storage + amount.storage
    return Amount(cpu, memory, storage)


def largest(amounts: Iterable[Amount]) -> Amount:
    """Return the largest of each."""
    listed = tuple(amounts)
    return Amount(
        *(max((getattr(a, field.name) for a in listed), default=0) for field in fields(Amount))
    )


def pod_need(running: Sequence[Need], before: Sequence[Need]) -> Need:
    """Return what the scheduler and a quota count for a pod.

    Init containers run one after another before the others, so the larger of both holds.
    """
    return Need(
        largest((total(n.request for n in running), *(n.request for n in before))),
        largest((total(n.limit for n in running), *(n.limit for n in before))),
    )
