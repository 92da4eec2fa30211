"""The numbers of Kubernetes' protobuf messages, as far as a projection reads them.

An excerpt of what ``generated.proto`` of k8s.io/api and k8s.io/apimachinery publishes: a number is
never given to another field, and a field that is not named here is skipped while decoding.
"""

from __future__ import annotations

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    Edition,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

_PACKAGE = "kubernetes"
_STRINGS = "map of strings"

_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "Unknown": {"raw": (2, "bytes")},
    "RawExtension": {"raw": (1, "bytes")},
    "WatchEvent": {"type": (1, "string"), "object": (2, "RawExtension")},
    "Status": {
        "message": (3, "string"),
        "reason": (4, "string"),
        "details": (5, "StatusDetails"),
        "code": (6, "int32"),
    },
    "StatusDetails": {"causes": (4, "[]StatusCause"), "retryAfterSeconds": (5, "int32")},
    "StatusCause": {"reason": (1, "string"), "message": (2, "string"), "field": (3, "string")},
    "Time": {"seconds": (1, "int64"), "nanos": (2, "int32")},
    "ObjectMeta": {
        "name": (1, "string"),
        "namespace": (3, "string"),
        "uid": (5, "string"),
        "resourceVersion": (6, "string"),
        "generation": (7, "int64"),
        "deletionTimestamp": (9, "Time"),
        "labels": (11, _STRINGS),
        "annotations": (12, _STRINGS),
    },
    "Namespace": {"metadata": (1, "ObjectMeta"), "status": (3, "NamespaceStatus")},
    "NamespaceStatus": {"phase": (1, "string")},
    "Deployment": {
        "metadata": (1, "ObjectMeta"),
        "spec": (2, "DeploymentSpec"),
        "status": (3, "DeploymentStatus"),
    },
    "DeploymentSpec": {"replicas": (1, "int32")},
    "DeploymentStatus": {
        "observedGeneration": (1, "int64"),
        "replicas": (2, "int32"),
        "updatedReplicas": (3, "int32"),
        "availableReplicas": (4, "int32"),
        "conditions": (6, "[]DeploymentCondition"),
    },
    "DeploymentCondition": {
        "type": (1, "string"),
        "status": (2, "string"),
        "reason": (4, "string"),
        "message": (5, "string"),
    },
    "Pod": {"metadata": (1, "ObjectMeta"), "status": (3, "PodStatus")},
    "PodStatus": {
        "phase": (1, "string"),
        "conditions": (2, "[]PodCondition"),
        "message": (3, "string"),
        "reason": (4, "string"),
        "containerStatuses": (8, "[]ContainerStatus"),
        "initContainerStatuses": (10, "[]ContainerStatus"),
    },
    "PodCondition": {
        "type": (1, "string"),
        "status": (2, "string"),
        "reason": (5, "string"),
        "message": (6, "string"),
    },
    "ContainerStatus": {
        "name": (1, "string"),
        "state": (2, "ContainerState"),
        "lastState": (3, "ContainerState"),
        "ready": (4, "bool"),
    },
    "ContainerState": {
        "waiting": (1, "ContainerStateWaiting"),
        "running": (2, "ContainerStateRunning"),
        "terminated": (3, "ContainerStateTerminated"),
    },
    "ContainerStateWaiting": {"reason": (1, "string"), "message": (2, "string")},
    "ContainerStateRunning": {},
    "ContainerStateTerminated": {
        "exitCode": (1, "int32"),
        "reason": (3, "string"),
        "message": (4, "string"),
    },
    "Event": {
        "metadata": (1, "ObjectMeta"),
        "involvedObject": (2, "ObjectReference"),
        "reason": (3, "string"),
        "message": (4, "string"),
        "lastTimestamp": (7, "Time"),
        "eventTime": (10, "Time"),
        "series": (11, "EventSeries"),
    },
    "EventSeries": {"lastObservedTime": (2, "Time")},
    "ObjectReference": {
        "kind": (1, "string"),
        "name": (3, "string"),
        "uid": (4, "string"),
        "fieldPath": (7, "string"),
    },
    "ConfigMap": {"metadata": (1, "ObjectMeta"), "data": (2, _STRINGS)},
    "Service": {"metadata": (1, "ObjectMeta"), "spec": (2, "ServiceSpec")},
    "ServiceSpec": {"ports": (1, "[]ServicePort"), "clusterIP": (3, "string")},
    "ServicePort": {"name": (1, "string"), "port": (3, "int32")},
}

_SCALARS = {
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "int32": FieldDescriptorProto.TYPE_INT32,
    "int64": FieldDescriptorProto.TYPE_INT64,
    "bool": FieldDescriptorProto.TYPE_BOOL,
}


def is_known(name: str) -> bool:
    """True when messages of this name can be read."""
    return name in _MESSAGES


def message_class(name: str) -> type[Message]:
    """The class of a message. Raises ``KeyError`` for one that is not in the table."""
    return _CLASSES[name]


def _classes() -> dict[str, type[Message]]:
    # Of this edition a field is absent or present, as in Kubernetes' proto2, and text that is no UTF-8
    # is refused; in proto2 it would come as bytes.
    file = FileDescriptorProto(
        name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="editions", edition=Edition.EDITION_2023
    )
    for name, fields in _MESSAGES.items():
        _describe(file.message_type.add(name=name), fields)
    pool = DescriptorPool()
    pool.Add(file)
    return {
        name: GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _MESSAGES
    }


def _describe(message: DescriptorProto, fields: dict[str, tuple[int, str]]) -> None:
    for name, (number, kind) in fields.items():
        one = kind.removeprefix("[]")
        repeated = one != kind or kind == _STRINGS
        label = (
            FieldDescriptorProto.LABEL_REPEATED if repeated else FieldDescriptorProto.LABEL_OPTIONAL
        )
        field = message.field.add(name=name, number=number, label=label)
        if one in _SCALARS:
            field.type = _SCALARS[one]
            continue
        field.type = FieldDescriptorProto.TYPE_MESSAGE
        if one == _STRINGS:
            one = f"{message.name}.{_entries_of(message, name)}"
        field.type_name = f".{_PACKAGE}.{one}"


def _entries_of(message: DescriptorProto, name: str) -> str:
    """The message behind a map, which protobuf names after the field."""
    entry = message.nested_type.add(name=f"{name[0].upper()}{name[1:]}Entry")
    entry.options.map_entry = True
    _describe(entry, {"key": (1, "string"), "value": (2, "string")})
    return entry.name


_CLASSES = _classes()
