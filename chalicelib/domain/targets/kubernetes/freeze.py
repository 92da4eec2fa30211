"""From a plan to a frozen workload: done once, at creation, so that an upgrade restarts nobody."""

from dataclasses import asdict
from typing import Final

from chalicelib.domain.errors import Invalid
from chalicelib.domain.targets.kubernetes import (
    checks,
    governance,
    network,
    secrets,
    storage,
    workload,
)
from chalicelib.domain.targets.kubernetes.resources import largest, pod_need
from chalicelib.domain.targets.plan import WorkspacePlan
from chalicelib.domain.targets.target import Object
from chalicelib.wire.canonical import canonical

VERSION: Final = 1
MAX_FROZEN_BYTES = 192 * 1024
"""Leaves 64 KiB of a group's 256 KiB to the guard rails."""


def freeze(plan: WorkspacePlan) -> Object:
    """Return the workload of the plan with holes, and what the guard rails need to know of it.

    Raises ``Invalid`` with every problem of the plan.
    """
    checks.check(plan)
    running, before = workload.needs(plan)
    need = pod_need(running, before)
    frozen: Object = {
        "version": VERSION,
        "workspace_id": plan.workspace_id,
        "agent_id": plan.agent_id,
        "secret_names": list(secrets.secret_names(kind for _, kind in plan.variables)),
        "trust": bool(plan.agent.extra_ca),
        "disk": storage.disk(plan),
        "pod_need": asdict(need),
        "largest": asdict(largest(n.limit for n in running + before)),
        "ports": _ports(plan),
        "service_account": governance.service_account(plan.workspace_id, plan.agent_id),
        "claim": storage.claim(plan),
        "service": network.service(plan),
        "deployment": workload.deployment(plan),
    }
    size = len(canonical(frozen))
    if size > MAX_FROZEN_BYTES:
        raise Invalid(
            "workspace-too-large",
            f"The workspace's description takes {size // 1024} KiB; at most "
            f"{MAX_FROZEN_BYTES // 1024} KiB are allowed. Shorten its commands and environment.",
        )
    return frozen


def _ports(plan: WorkspacePlan) -> dict[str, list[int]]:
    seen = network.endpoints(plan)
    return {
        exposure: [endpoint.port for endpoint in seen if endpoint.exposure == exposure]
        for exposure in (network.PUBLIC, network.INTERNAL)
    }
