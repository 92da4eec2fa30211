"""The way from an agent to its API server (``berth_kube.transport``), with all that goes wrong on it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from berth_kube.errors import Unreachable, error_of
from berth_kube.messages import JSON
from berth_kube.transport import Request, Response, Stream
from simulation.clocks import START
from simulation.cluster.server import ApiServer
from simulation.cluster.watching import Watch
from simulation.faults import Fault, Faults
from simulation.machine import VirtualSignal
from simulation.scheduler import Moment, Scheduler

_BUSY = Response(
    429, {"Retry-After": "1"}, b'{"kind":"Status","code":429,"reason":"TooManyRequests"}'
)
_REFUSED = Response(
    403,
    {},
    b'{"kind":"Status","code":403,"reason":"Forbidden","message":"exceeded quota: of the platform"}',
)
_ERROR = Response(500, {}, b'{"kind":"Status","code":500,"reason":"InternalError"}')


class Way:
    """The Transport of one process."""

    def __init__(
        self,
        server: ApiServer,
        scheduler: Scheduler,
        faults: Faults,
        chance: random.Random,
        sometimes: Callable[[str], None],
    ) -> None:
        self._server = server
        self._sometimes = sometimes
        self._scheduler = scheduler
        self._faults = faults
        self._chance = chance

    def send(self, request: Request) -> Response:
        """See the protocol."""
        happens = self._faults.happens
        slow = happens(Fault.CLUSTER_SLOW)
        extra = self._faults.amount(Fault.CLUSTER_SLOW, 0.2, 20.0) if slow else 0.0
        delay = extra + self._chance.uniform(0.001, 0.03)
        self._scheduler.step(f"{request.method} {request.path}", delay)
        if delay > sum(request.timeout) or happens(Fault.CLUSTER_LOST_REQUEST):
            raise Unreachable("timed out")
        if happens(Fault.CLUSTER_BUSY):
            return _BUSY
        if happens(Fault.CLUSTER_ERROR):
            return _ERROR
        is_order = request.method != "GET" and "/leases" not in request.path
        if is_order and happens(Fault.CLUSTER_REFUSES):
            return _REFUSED
        answer = self._server.send(request)
        if answer.status == 409:
            self._sometimes("write to the cluster lost a race")
        if request.method != "GET":
            self._scheduler.passed(f"{request.method} {request.path}")
        if happens(Fault.CLUSTER_LOST_RESPONSE):
            raise Unreachable("connection reset")
        return answer

    @contextmanager
    def stream(self, request: Request) -> Iterator[Stream]:
        """See the protocol."""
        self._scheduler.step(f"watch {request.path}", self._chance.uniform(0.001, 0.03))
        if self._faults.happens(Fault.CLUSTER_LOST_REQUEST):
            raise Unreachable("timed out")
        watch = self._server.watch(request)
        if (answer := watch.refusal) is not None:
            raise error_of(answer.status, answer.body, answer.headers)
        news = VirtualSignal(self._scheduler)
        watch.on_news = news.set
        try:
            yield _Lines(watch, news, self._scheduler, self._faults, request.timeout[1])
        finally:
            watch.end()


class _Lines:
    """The lines of a watch."""

    content_type = JSON

    def __init__(
        self,
        watch: Watch,
        news: VirtualSignal,
        scheduler: Scheduler,
        faults: Faults,
        silence: float,
    ) -> None:
        self._watch = watch
        self._news = news
        self._scheduler = scheduler
        self._faults = faults
        self._silence = silence

    def __iter__(self) -> Iterator[bytes]:
        """See the protocol."""
        while True:
            self._news.clear()
            for line in self._watch.take():
                self._befall()
                yield line
            if self._watch.is_broken:
                raise Unreachable("the watch was cut")
            if self._watch.is_over:
                return
            self._wait()

    def stop(self) -> None:
        """See the protocol."""
        self._watch.end()
        self._news.set()

    def _befall(self) -> None:
        is_lost = self._scheduler.watcher(Moment.LINE, self._watch.kind.plural)
        if is_lost or self._faults.happens(Fault.WATCH_CUT):
            self._watch.cut()
            raise Unreachable("the watch was cut")
        if self._faults.happens(Fault.WATCH_LATE):
            self._scheduler.sleep(self._faults.amount(Fault.WATCH_LATE, 0.5, 30.0))

    def _wait(self) -> None:
        now = START + self._scheduler.now
        due = self._watch.next_at() - now
        if not self._news.wait(min(max(due, 0.0), self._silence)) and due > self._silence:
            raise Unreachable("timed out")
