"""The clusters that the tests of this room ask for."""

from tests.fixtures.cluster import control_cluster, full_cluster, kwok_cluster

__all__ = ["control_cluster", "full_cluster", "kwok_cluster"]
