"""Waiting on what a test expects, with a deadline."""

from collections.abc import Callable

from berth_local.waiting import wait_until


def eventually(predicate: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    """Wait until something is true; AssertionError with ``what`` when it does not become so."""
    try:
        wait_until(predicate, what, seconds=seconds)
    except TimeoutError as error:
        raise AssertionError(str(error)) from error
