"""The one volume claim of a workspace, and what containers see of it.

Projects, home and each persistent volume are folders of the claim; the folder names are ours.
"""

from collections.abc import Sequence

from chalicelib.domain.editors import EDITORS
from chalicelib.domain.targets.kubernetes import metadata, names, secrets
from chalicelib.domain.targets.plan import (
    PlannedContainer,
    PlannedMount,
    PlannedVolume,
    WorkspacePlan,
)
from chalicelib.domain.targets.target import Object
from chalicelib.domain.variables.variable import VariableKind

DATA, TOOLS, RUN, FILES, TRUST = "data", "tools", "run", "variables", "trust"
"""Names of the pod's volumes. A devfile's ephemeral ones are called ``ephemeral-<place>``."""

RUN_MIB = 64
EPHEMERAL_MIB = 1024
"""Size of an ephemeral volume that states none."""


def disk(plan: WorkspacePlan) -> str:
    """Size of the claim."""
    return f"{plan.disk_gib}Gi"


def claim(plan: WorkspacePlan) -> Object:
    """Return the claim. It is deleted with its namespace alone, never by absence."""
    spec: Object = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": disk(plan)}},
    }
    if plan.agent.storage_class:
        spec["storageClassName"] = plan.agent.storage_class
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata.member(names.CLAIM, plan.workspace_id, plan.agent_id),
        "spec": spec,
    }


def trust(workspace_id: str, agent_id: str, authorities: str) -> Object:
    """Return the ConfigMap of the certificate authorities (PEM) that git trusts beside the public
    ones. It is rendered anew each time: a site's new authority needs no new workload."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata.member(names.TRUST, workspace_id, agent_id),
        "data": {names.TRUST_FILE: authorities},
    }


def pod_volumes(plan: WorkspacePlan) -> list[Object]:
    """Return the pod's volumes: the claim, sized ``emptyDir``, our Secrets, our ConfigMap."""
    volumes: list[Object] = [
        {"name": DATA, "persistentVolumeClaim": {"claimName": names.CLAIM}},
        _empty(TOOLS, EDITORS[plan.editor].tools_mib),
        _empty(RUN, RUN_MIB),
    ]
    if names.FILES_SECRET in secrets.secret_names(kind for _, kind in plan.variables):
        # 0440 is in decimal on the wire.
        secret = {"secretName": names.FILES_SECRET, "defaultMode": 0o440, "optional": False}
        volumes.append({"name": FILES, "secret": secret})
    if plan.agent.extra_ca:
        volumes.append({"name": TRUST, "configMap": {"name": names.TRUST, "defaultMode": 0o444}})
    return volumes + [
        _empty(_ephemeral_name(place), _ephemeral_mib(volume))
        for place, volume in enumerate(plan.volumes)
        if volume.ephemeral
    ]


def ephemeral_mib(plan: WorkspacePlan) -> int:
    """Return what all ``emptyDir`` volumes hold at most: it counts as storage of the containers."""
    own = EDITORS[plan.editor].tools_mib + RUN_MIB
    return own + sum(_ephemeral_mib(volume) for volume in plan.volumes if volume.ephemeral)


def mounts(plan: WorkspacePlan, container: PlannedContainer) -> list[Object]:
    """Return what one of the user's containers sees of the volumes, tools apart."""
    found = [_user_mount(plan.volumes, mount) for mount in container.mounts]
    if container.mount_projects:
        found.append(projects_mount(container.projects_path))
    if container.main:
        found.append({"name": DATA, "mountPath": names.HOME_PATH, "subPath": "home"})
    if any(kind == VariableKind.FILE for _, kind in plan.variables):
        found.append({"name": FILES, "mountPath": names.VARIABLES_PATH, "readOnly": True})
    return found


def tools_mounts(*, writable: bool = False) -> list[Object]:
    """Return the mounts of the tools and of the folder where they keep what is of one start."""
    tools: Object = {"name": TOOLS, "mountPath": names.TOOLS_PATH}
    if not writable:
        tools["readOnly"] = True
    return [tools, {"name": RUN, "mountPath": names.RUN_PATH}]


def trust_mounts(plan: WorkspacePlan) -> list[Object]:
    """Return the mount of the site's certificate authorities, where there are any."""
    if not plan.agent.extra_ca:
        return []
    return [{"name": TRUST, "mountPath": names.TRUST_PATH, "readOnly": True}]


def projects_mount(path: str) -> Object:
    """Return the mount of all projects."""
    return {"name": DATA, "mountPath": path, "subPath": "projects"}


def _user_mount(volumes: Sequence[PlannedVolume], mount: PlannedMount) -> Object:
    place = next(place for place, volume in enumerate(volumes) if volume.name == mount.volume)
    if volumes[place].ephemeral:
        return {"name": _ephemeral_name(place), "mountPath": mount.path}
    return {"name": DATA, "mountPath": mount.path, "subPath": f"volumes/{mount.volume}"}


def _ephemeral_name(place: int) -> str:
    return f"ephemeral-{place}"


def _ephemeral_mib(volume: PlannedVolume) -> int:
    return volume.size_mib or EPHEMERAL_MIB


def _empty(name: str, size_mib: int) -> Object:
    return {"name": name, "emptyDir": {"sizeLimit": f"{size_mib}Mi"}}
