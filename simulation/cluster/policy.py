"""The admission policy of the agent's manifest, which says what RBAC cannot.

The manifest states it in CEL; here are its rules again, for the requests that the agent makes.
"""

from __future__ import annotations

import re
from typing import Any

from berth_kube import kinds
from berth_kube.kinds import Kind
from chalicelib.wire import labels
from simulation.cluster.addresses import resource_of
from simulation.cluster.rights import Caller
from simulation.cluster.statuses import Refusal, failure

Object = dict[str, Any]
_OURS = "berth-ws-"
_SECURED = re.compile(r"latest|v1[.]([3-9][0-9]|[1-9][0-9]{2})")
_ENFORCED = "pod-security.kubernetes.io/enforce"


def check_new(caller: Caller, kind: Kind, body: Object) -> None:
    """Refuse what the agent may not create."""
    if caller.account is None or caller.account.name != "berth-agent":
        return
    metadata = body["metadata"]
    name = metadata.get("name", "")
    if kind is kinds.NAMESPACE:
        _check_owned(metadata)
        found = metadata.get("labels") or {}
        version = str(found.get(f"{_ENFORCED}-version", ""))
        if found.get(_ENFORCED) != "restricted" or not _SECURED.fullmatch(version):
            raise _denied(
                kind,
                name,
                "a namespace of a workspace takes restricted pods only, by the rules of"
                " Kubernetes 1.30 or newer",
            )
    elif kind is kinds.ROLE_BINDING and not _binds_itself(body):
        raise _denied(
            kind,
            name,
            "the agent binds its writer role to itself, in namespaces of workspaces only",
        )


def check_deletion(caller: Caller, kind: Kind, live: Object) -> None:
    """Refuse what the agent may not delete."""
    if caller.account is not None and kind is kinds.NAMESPACE:
        _check_owned(live["metadata"])


def _check_owned(metadata: Object) -> None:
    named = str(metadata["name"]).startswith(_OURS)
    if not named or labels.AGENT_ID not in (metadata.get("labels") or {}):
        raise _denied(
            kinds.NAMESPACE,
            metadata["name"],
            "the agent makes and deletes namespaces of workspaces only",
        )


def _binds_itself(body: Object) -> bool:
    role = body.get("roleRef") or {}
    return (
        str(body["metadata"].get("namespace", "")).startswith(_OURS)
        and role.get("kind") == "ClusterRole"
        and role.get("name") == labels.WORKSPACE_ROLE
        and all(
            (subject.get("kind"), subject.get("name"), subject.get("namespace"))
            == ("ServiceAccount", "berth-agent", "berth")
            for subject in body.get("subjects") or ()
        )
    )


def _denied(kind: Kind, name: str, why: str) -> Refusal:
    message = (
        f"{resource_of(kind)} \"{name}\" is forbidden: ValidatingAdmissionPolicy 'berth-agent' with"
        f" binding 'berth-agent' denied request: {why}"
    )
    details = {"kind": kind.plural, "name": name, "causes": [{"message": why}]}
    return Refusal(failure(422, "Invalid", message, details=details))
