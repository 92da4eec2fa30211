"""A variable given at a workspace's creation; frozen and sealed for the workspace's life."""

from dataclasses import dataclass, field
from enum import StrEnum


class VariableKind(StrEnum):
    """An environment variable, or a file under ``/.berth-variables`` whose path is in the variable."""

    ENVIRONMENT = "environment"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Variable:
    """One value. At most 100 a workspace, 32 KiB an environment value, 128 KiB a file, 512 KiB in all."""

    name: str
    kind: VariableKind
    value: str = field(repr=False)
