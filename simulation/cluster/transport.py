"""A transport without a network: the straight way from a client to the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from berth_kube.errors import Unreachable, error_of
from berth_kube.messages import JSON
from berth_kube.transport import Request, Response
from simulation.cluster.rights import AGENT, Caller
from simulation.cluster.server import ApiServer
from simulation.cluster.watching import Watch


class Direct:
    """``Transport``. ``wait`` returns when a watch may have a line: until then time passes."""

    def __init__(
        self, server: ApiServer, wait: Callable[[Watch], None], caller: Caller = AGENT
    ) -> None:
        self._server = server
        self._wait = wait
        self._caller = caller

    def send(self, request: Request) -> Response:
        """See ``Transport.send``."""
        return self._server.send(request, self._caller)

    @contextmanager
    def stream(self, request: Request) -> Iterator[Lines]:
        """See ``Transport.stream``."""
        watch = self._server.watch(request, self._caller)
        if (answer := watch.refusal) is not None:
            raise error_of(answer.status, answer.body, answer.headers)
        try:
            yield Lines(watch, self._wait)
        finally:
            watch.end()


class Lines:
    """Lines of a watch."""

    content_type = JSON

    def __init__(self, watch: Watch, wait: Callable[[Watch], None]) -> None:
        self._watch = watch
        self._wait = wait

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield from self._watch.take()
            if self._watch.is_broken:
                raise Unreachable("the API server's answer ended in the middle of a line")
            if self._watch.is_over:
                return
            self._wait(self._watch)

    def stop(self) -> None:
        """End the iteration."""
        self._watch.end()
