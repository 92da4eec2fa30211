"""The one failure that the cluster's code raises on purpose."""


class ClusterError(Exception):
    """The cluster cannot start, run or end. The text says what happened, where, and what to do."""
