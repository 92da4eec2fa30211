"""What is special about a kind: what the server fills in, counts, and does not let change."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from berth_kube import kinds
from berth_kube.kinds import Kind
from simulation.cluster.statuses import immutable, invalid, untyped_patch

Object = dict[str, Any]

PROTECTED = "kubernetes.io/pvc-protection"
GRACE = 30

_COUNTED = frozenset({"Deployment", "NetworkPolicy", "Pod"})
"""Kinds with a ``metadata.generation``."""
_WITH_STATUS = frozenset(
    {"Namespace", "Deployment", "Pod", "PersistentVolumeClaim", "ResourceQuota", "Service"}
)
"""Kinds whose status is written apart."""
_TOP: Mapping[str, frozenset[str]] = {
    "ConfigMap": frozenset({"data", "binaryData", "immutable"}),
    "Secret": frozenset({"data", "stringData", "type", "immutable"}),
    "ServiceAccount": frozenset({"automountServiceAccountToken", "imagePullSecrets", "secrets"}),
    "RoleBinding": frozenset({"roleRef", "subjects"}),
}
"""Fields of the kinds that have no spec, beside ``apiVersion``, ``kind`` and ``metadata``."""
_SPEC: Mapping[str, frozenset[str]] = {
    "Deployment": frozenset(
        {
            "replicas", "selector", "template", "strategy", "minReadySeconds",
            "revisionHistoryLimit", "paused", "progressDeadlineSeconds",
        }
    ),
    "PersistentVolumeClaim": frozenset(
        {
            "accessModes", "resources", "storageClassName", "volumeMode", "volumeName", "selector",
            "dataSource", "dataSourceRef", "volumeAttributesClassName",
        }
    ),
    "ResourceQuota": frozenset({"hard", "scopes", "scopeSelector"}),
    "LimitRange": frozenset({"limits"}),
    "NetworkPolicy": frozenset({"podSelector", "policyTypes", "ingress", "egress"}),
    "Namespace": frozenset({"finalizers"}),
}  # fmt: skip
"""Fields of specs, as far as they are checked."""
_DEFAULTS: Mapping[str, Object] = {
    "Deployment": {
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
        "strategy": {"type": "RollingUpdate"},
    },
    "Service": {"type": "ClusterIP"},
    "Pod": {"restartPolicy": "Always", "terminationGracePeriodSeconds": GRACE},
    "PersistentVolumeClaim": {"volumeMode": "Filesystem"},
    "Namespace": {"finalizers": ["kubernetes"]},
}
_STATUS: Mapping[str, Object] = {
    "Namespace": {"phase": "Active"},
    "Pod": {"phase": "Pending"},
    "PersistentVolumeClaim": {"phase": "Pending"},
}
"""What a status is at first."""


def check_fields(kind: Kind, body: Object, *, applied: bool) -> None:
    """Refuse what an applied object may not state; a plain write just drops it."""
    if not applied:
        return
    top = _TOP.get(kind.name, frozenset({"spec", "status"}))
    wrong = [
        f".{key}"
        for key in body
        if key not in top and key not in ("apiVersion", "kind", "metadata")
    ]
    known = _SPEC.get(kind.name)
    if known is not None:
        wrong += [f".spec.{key}" for key in body.get("spec") or {} if key not in known]
    if wrong:
        metadata = body["metadata"]
        raise untyped_patch(metadata.get("namespace", ""), metadata["name"], kind, wrong[0])


def prepared(kind: Kind, body: Object) -> Object:
    """Return a new object with what the server fills in."""
    made = {"kind": kind.name, "apiVersion": kind.api_version, **body}
    made.pop("status", None)
    if defaults := _DEFAULTS.get(kind.name):
        made["spec"] = {**defaults, **(made.get("spec") or {})}
    if first := _STATUS.get(kind.name):
        made["status"] = first
    metadata = made["metadata"]
    if kind.name in _COUNTED:
        metadata["generation"] = 1
    if kind is kinds.NAMESPACE:
        named = {"kubernetes.io/metadata.name": metadata["name"]}
        metadata["labels"] = {**(metadata.get("labels") or {}), **named}
    elif kind is kinds.VOLUME_CLAIM:
        metadata["finalizers"] = [*(metadata.get("finalizers") or ()), PROTECTED]
    elif kind is kinds.SECRET:
        made.setdefault("type", "Opaque")
        _encode_strings(made)
    return made


def changed(kind: Kind, live: Object, body: Object) -> Object:
    """Return the new version of an object; refuse what may not change."""
    name = body["metadata"]["name"]
    if kind.name in _WITH_STATUS and body.get("status") != live.get("status"):
        body = {**body, "status": live["status"]} if "status" in live else _statusless(body)
    if defaults := _DEFAULTS.get(kind.name):
        body = {**body, "spec": {**defaults, **(body.get("spec") or {})}}
    before, after = live.get("spec") or {}, body.get("spec") or {}
    if kind is kinds.DEPLOYMENT and before.get("selector") != after.get("selector"):
        raise immutable(kind, name, "spec.selector", after.get("selector"))
    if kind is kinds.VOLUME_CLAIM:
        _check_claim(name, before, after)
    if kind is kinds.ROLE_BINDING and live.get("roleRef") != body.get("roleRef"):
        raise invalid(kind, name, "roleRef", "cannot change roleRef")
    if kind.name in _COUNTED and is_counted(kind, live, body):
        generation = live["metadata"].get("generation", 0) + 1
        body = {**body, "metadata": {**body["metadata"], "generation": generation}}
    return body


def is_counted(kind: Kind, live: Object, body: Object) -> bool:
    """Whether a change raises the generation: of a Deployment its annotations do too."""
    if live.get("spec") != body.get("spec"):
        return True
    return kind is kinds.DEPLOYMENT and (live["metadata"].get("annotations") or {}) != (
        body["metadata"].get("annotations") or {}
    )


def grace_of(kind: Kind, thing: Object) -> int:
    """Seconds between the wish to delete and the end; only pods on a node have any."""
    spec = thing.get("spec") or {}
    if kind is not kinds.POD or not spec.get("nodeName"):
        return 0
    if (thing.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
        return 0
    return int(spec.get("terminationGracePeriodSeconds", GRACE))


def _check_claim(name: str, before: Object, after: Object) -> None:
    fixed = ("accessModes", "storageClassName", "volumeMode", "selector")
    if any(before.get(key) != after.get(key) for key in fixed):
        raise invalid(
            kinds.VOLUME_CLAIM,
            name,
            "spec",
            "Forbidden: spec is immutable after creation except resources.requests and"
            " volumeAttributesClassName for bound claims",
        )


def _statusless(body: Object) -> Object:
    return {key: value for key, value in body.items() if key != "status"}


def _encode_strings(made: Object) -> None:
    """A Secret's ``stringData`` is written only."""
    strings = made.pop("stringData", None) or {}
    if strings:
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in strings.items()}
        made["data"] = {**(made.get("data") or {}), **encoded}
