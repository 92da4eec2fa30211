"""Which volumes to make and which to remove for the StorageClass `standard`. Pure: lists in, decisions out.

Volumes are of type `local`: unlike `hostPath` they honour `fsGroup`, as a cloud's disks do.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from berth_local.cluster.layout import NODE_NAME

PROVISIONER = "berth.dev/local"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
SELECTED_NODE = "volume.kubernetes.io/selected-node"

STORAGE_CLASS: Mapping[str, Any] = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {
        "name": "standard",
        "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
    },
    "provisioner": PROVISIONER,
    "volumeBindingMode": "WaitForFirstConsumer",
    "reclaimPolicy": "Delete",
}

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Make:
    """Create the folder, then the PersistentVolume."""

    folder: Path
    volume: Document


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete the folder with its content, then the PersistentVolume."""

    folder: Path
    name: str


def decide(
    classes: Iterable[Document], claims: Iterable[Document], volumes: Iterable[Document], base: Path
) -> Iterator[Make | Remove]:
    """What is to be done now; nothing, once it was done.

    :param base: the folder below which the volumes lie; nothing outside is ever removed.
    """
    ours = {
        storage["metadata"]["name"]: storage
        for storage in classes
        if storage["provisioner"] == PROVISIONER
    }
    present = {volume["metadata"]["name"]: volume for volume in volumes}
    for claim in claims:
        storage = ours.get(claim["spec"].get("storageClassName"))
        name = volume_name(claim)
        if storage is not None and name not in present and _wants_volume(claim, storage):
            yield Make(base / name, _volume(name, claim, storage, base / name))
    for name, volume in present.items():
        if _is_released(volume) and volume["spec"].get("local", {}).get("path") == str(base / name):
            yield Remove(base / name, name)


def volume_name(claim: Document) -> str:
    """One claim has one volume: a second try finds the first."""
    return f"pvc-{claim['metadata']['uid']}"


def _wants_volume(claim: Document, storage: Document) -> bool:
    metadata = claim["metadata"]
    if claim["spec"].get("volumeName") or metadata.get("deletionTimestamp"):
        return False
    if storage.get("volumeBindingMode") != "WaitForFirstConsumer":
        return True
    return (metadata.get("annotations") or {}).get(SELECTED_NODE) == NODE_NAME


def _is_released(volume: Document) -> bool:
    annotations = volume["metadata"].get("annotations") or {}
    return (
        annotations.get(PROVISIONED_BY) == PROVISIONER
        and (volume.get("status") or {}).get("phase") == "Released"
        and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
    )


def _volume(name: str, claim: Document, storage: Document, folder: Path) -> Document:
    metadata, spec = claim["metadata"], claim["spec"]
    reference = {key: metadata[key] for key in ("namespace", "name", "uid")}
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE_NAME]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {PROVISIONED_BY: PROVISIONER}},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "storageClassName": spec["storageClassName"],
            "persistentVolumeReclaimPolicy": storage.get("reclaimPolicy", "Delete"),
            "local": {"path": str(folder)},
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **reference},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }
