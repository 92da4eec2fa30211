"""The Pod Security Standard ``restricted``, read from its text and from nothing of ours.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ (v1.30), where each
profile is a table of fields and allowed values. ``violations`` also names what Berth forbids
beyond: tokens, users below 10000, limits left open, and any field of a pod that is not known here.
"""

from collections.abc import Iterator
from typing import Any

SPEC_FIELDS = {
    "serviceAccountName",
    "automountServiceAccountToken",
    "enableServiceLinks",
    "terminationGracePeriodSeconds",
    "securityContext",
    "initContainers",
    "containers",
    "volumes",
    "hostUsers",
    "runtimeClassName",
}
CONTAINER_FIELDS = {
    "name",
    "image",
    "imagePullPolicy",
    "command",
    "args",
    "workingDir",
    "env",
    "envFrom",
    "ports",
    "resources",
    "securityContext",
    "volumeMounts",
    "lifecycle",
    "readinessProbe",
    "terminationMessagePolicy",
}


VOLUMES = {"configMap", "emptyDir", "persistentVolumeClaim", "secret"}
"""The standard also allows csi, downwardAPI, ephemeral and projected; Berth does not."""


def violations(spec: dict[str, Any]) -> Iterator[str]:
    """Name everything in a pod's spec that the standard, or Berth, forbids."""
    yield from _pod(spec)
    for volume in spec["volumes"]:
        yield from _volume(volume)
    for scope in (spec["securityContext"], *(c["securityContext"] for c in _containers(spec))):
        yield from _scope(scope)
    for container in _containers(spec):
        for found in (
            *_privileges(container, spec["securityContext"]),
            *_reach(container),
            *_mounts(container),
        ):
            yield f"{container['name']}: {found}"


def _containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = ("initContainers", "containers", "ephemeralContainers")
    return [container for kind in kinds for container in spec.get(kind, [])]


def _pod(spec: dict[str, Any]) -> Iterator[str]:
    yield from (field for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field))
    if unknown := spec.keys() - SPEC_FIELDS:
        yield f"unknown fields {sorted(unknown)}"
    for field in ("automountServiceAccountToken", "enableServiceLinks"):
        if spec.get(field) is not False:
            yield field
    if spec["securityContext"].get("runAsUser", 0) < 10_000:
        yield "runAsUser below 10000"
    if not 0 < spec.get("terminationGracePeriodSeconds", 0) <= 30:
        yield "terminationGracePeriodSeconds"


def _volume(volume: dict[str, Any]) -> Iterator[str]:
    if len(volume.keys() & VOLUMES) != 1 or volume.keys() - VOLUMES - {"name"}:
        yield f"volume type {sorted(volume)}"
    if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
        yield "sizeLimit"


def _scope(scope: dict[str, Any]) -> Iterator[str]:
    """What neither the pod's nor a container's security context may say."""
    for field in ("seLinuxOptions", "windowsOptions", "appArmorProfile", "sysctls", "procMount"):
        if field in scope:
            yield field
    if scope.get("privileged"):
        yield "privileged"
    if scope.get("runAsUser") == 0:
        yield "runAsUser"


def _privileges(container: dict[str, Any], pod: dict[str, Any]) -> Iterator[str]:
    own = container["securityContext"]
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation"
    if own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True:
        yield "runAsNonRoot"
    profile = own.get("seccompProfile", pod.get("seccompProfile", {}))
    if profile != {"type": "RuntimeDefault"}:
        yield "seccompProfile"
    if own.get("capabilities") != {"drop": ["ALL"]}:
        yield "capabilities"


def _reach(container: dict[str, Any]) -> Iterator[str]:
    """What a container sees and may use."""
    if unknown := container.keys() - CONTAINER_FIELDS:
        yield f"unknown fields {sorted(unknown)}"
    if any({"hostPort", "hostIP"} & port.keys() for port in container.get("ports", [])):
        yield "hostPort"
    handlers = [*container.get("lifecycle", {}).values(), container.get("readinessProbe", {})]
    actions = [kind for handler in handlers for kind in handler.values() if isinstance(kind, dict)]
    if any("host" in action for action in actions):
        yield "host of a probe or handler"
    for side in ("requests", "limits"):
        if container["resources"].get(side, {}).keys() != {"cpu", "memory", "ephemeral-storage"}:
            yield f"resources.{side}"


def _mounts(container: dict[str, Any]) -> Iterator[str]:
    for mount in container["volumeMounts"]:
        if "subPathExpr" in mount or ".." in mount.get("subPath", "").split("/"):
            yield "subPath"
        ours = mount["mountPath"] == "/.berth" and container["name"] != "berth-tools"
        if ours and not mount.get("readOnly"):
            yield "writes to the tools"
