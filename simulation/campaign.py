"""Many seeds on all processors; every hundredth is run again in a process that hashes otherwise."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context

from simulation.totals import Totals
from simulation.trial import Verdict, tried

CHUNK = 10
REPLAY_EVERY = 100


def run(
    seeds: Iterable[int],
    *,
    workers: int,
    told: Callable[[Verdict], None],
    goes_on: Callable[[Totals], bool] = lambda _: True,
    chunk: int = CHUNK,
) -> tuple[Totals, float]:
    """Run seeds and return what they came to, and in how many seconds. ``told`` of each failure.

    ``goes_on`` is asked after each ``chunk`` of seeds; what was begun is ended all the same.
    """
    began, totals, chosen = time.monotonic(), Totals(), list(seeds)
    chunks = [chosen[start : start + chunk] for start in range(0, len(chosen), chunk)]
    traces: dict[int, str] = {}
    with pool_of(workers, hash_seed=0) as pool:
        futures: list[Future[list[Verdict]]] = [pool.submit(_some, chunk) for chunk in chunks]
        for done in as_completed(futures):
            for verdict in done.result():
                totals.add(verdict)
                traces[verdict.seed] = verdict.trace
                if verdict.violations:
                    told(verdict)
            if not goes_on(totals):
                pool.shutdown(cancel_futures=True)
                break
    again = [seed for seed in chosen if seed % REPLAY_EVERY == 0 and seed in traces]
    with pool_of(workers, hash_seed=1) as pool:
        for verdict in pool.map(tried, again):
            totals.replay(verdict.seed, equal=verdict.trace == traces[verdict.seed])
    return totals, time.monotonic() - began


def _some(seeds: list[int]) -> list[Verdict]:
    verdicts = [tried(seed) for seed in seeds]
    return [verdict if verdict.violations else verdict.in_short() for verdict in verdicts]


@contextmanager
def pool_of(workers: int, *, hash_seed: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that hash text by this seed: an order of a set that leaks out differs between two."""
    before = os.environ.get("PYTHONHASHSEED")
    os.environ["PYTHONHASHSEED"] = str(hash_seed)
    try:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            yield pool
    finally:
        if before is None:
            del os.environ["PYTHONHASHSEED"]
        else:
            os.environ["PYTHONHASHSEED"] = before
