"""From a frozen workload to the whole group of objects, in order of application.

The workload is as it was frozen; guard rails are made anew, so that they follow the platform.
"""

from chalicelib.domain.targets.kubernetes import governance, network, storage
from chalicelib.domain.targets.kubernetes.namespace import namespace
from chalicelib.domain.targets.kubernetes.parent import parent
from chalicelib.domain.targets.kubernetes.resources import Amount, Need
from chalicelib.domain.targets.target import Frozen, GuardRails, Holes, Object, Rendered
from chalicelib.wire import labels
from chalicelib.wire.canonical import digest_of


def render(frozen: Frozen, guard: GuardRails, holes: Holes) -> Rendered:
    """Return the complete group without Secrets, in order of application.

    The pod template has no hole: no generation restarts a workspace by itself.
    """
    workspace_id = frozen["workspace_id"]
    members = [
        *_guard_rails(frozen, guard),
        frozen["service_account"],
        *_trust(frozen, guard),
        frozen["claim"],
        network.network_policy(workspace_id, guard, frozen["ports"]),
        _service(frozen["service"], holes),
    ]
    deployment = _deployment(frozen["deployment"], holes)
    first = namespace(workspace_id, guard.agent_id)
    digest = digest_of([first, *members, deployment])
    secret_names = tuple(frozen["secret_names"])
    claim = parent(
        workspace_id,
        guard.agent_id,
        generation=holes.generation,
        spec_digest=digest,
        secret_names=secret_names,
    )
    last = _acknowledging(deployment, holes.generation, digest)
    return Rendered((first, claim, *members, last), digest, secret_names)


def _guard_rails(frozen: Frozen, guard: GuardRails) -> list[Object]:
    identity = frozen["workspace_id"], guard.agent_id
    need = Need(**{side: Amount(**amount) for side, amount in frozen["pod_need"].items()})
    most = Amount(**frozen["largest"])
    return [
        governance.resource_quota(*identity, need=need, disk=frozen["disk"]),
        governance.limit_range(*identity, largest=most, disk=frozen["disk"]),
    ]


def _trust(frozen: Frozen, guard: GuardRails) -> list[Object]:
    if not frozen["trust"]:
        return []
    return [storage.trust(frozen["workspace_id"], guard.agent_id, guard.agent.extra_ca)]


def _service(service: Object, holes: Holes) -> Object:
    return _annotated(service, {labels.SERVING: "true" if holes.replicas else "false"})


def _deployment(deployment: Object, holes: Holes) -> Object:
    filled = _annotated(deployment, {labels.SECRETS_DIGEST: holes.secrets_digest})
    return filled | {"spec": filled["spec"] | {"replicas": holes.replicas}}


def _acknowledging(deployment: Object, generation: int, digest: str) -> Object:
    """Write onto the last object of the set what its presence acknowledges."""
    return _annotated(deployment, {labels.GENERATION: str(generation), labels.SPEC_DIGEST: digest})


def _annotated(thing: Object, annotations: dict[str, str]) -> Object:
    metadata = thing["metadata"]
    merged = metadata.get("annotations", {}) | annotations
    return thing | {"metadata": metadata | {"annotations": merged}}
