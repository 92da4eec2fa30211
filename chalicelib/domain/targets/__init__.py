"""Targets: the kinds of place that workspaces run on, one line each in ``TARGETS``."""

from chalicelib.domain.targets import kubernetes
from chalicelib.domain.targets.target import (
    Frozen,
    GuardRails,
    Holes,
    Object,
    Observation,
    Rendered,
    Target,
)

__all__ = [
    "TARGETS",
    "Frozen",
    "GuardRails",
    "Holes",
    "Object",
    "Observation",
    "Rendered",
    "Target",
]

TARGETS: dict[str, Target] = {
    "kubernetes": kubernetes,
}
