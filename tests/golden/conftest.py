"""The cluster that the golden manifests are shown to."""

from tests.fixtures.cluster import control_cluster

__all__ = ["control_cluster"]
