"""Waiting on a condition until a deadline: the only way in which the cluster's code waits."""

from collections.abc import Callable
from pathlib import Path

from berth_local import waiting
from berth_local.cluster.errors import ClusterError

DEADLINE = 60.0
"""Seconds that one step of a boot may take, on a machine with two busy cores."""


def wait_until(
    condition: Callable[[], bool],
    what: str,
    *,
    deadline: float = DEADLINE,
    log: Path | None = None,
) -> None:
    """Return as soon as `condition` holds.

    :param what: completes the sentence "Waited 60 s for ...".
    :param log: the file whose last lines explain a failure.
    :raises ClusterError: `condition` did not hold within `deadline` seconds.
    """
    try:
        waiting.wait_until(condition, what, seconds=deadline)
    except TimeoutError as error:
        message = f"Waited {deadline:g} s in vain for {what}.{last_lines(log)}"
        raise ClusterError(message) from error


def last_lines(log: Path | None, count: int = 15) -> str:
    """The end of a log, introduced by its path; empty when there is nothing to show."""
    if log is None or not log.is_file():
        return ""
    lines = log.read_text(errors="replace").splitlines()[-count:]
    return "".join(f"\n  {line}" for line in [f"Last lines of {log}:", *lines]) if lines else ""
