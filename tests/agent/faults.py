"""A transport that records writes, and can die at any of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from berth_kube.transport import Request, Response, Stream, Transport


class Killed(BaseException):
    """The process died here."""


class Recorder:
    """Passes requests on. Dies at the ``kill_at``-th write (from 1), before it or after it."""

    def __init__(
        self,
        under: Transport,
        *,
        kill_at: int = 0,
        after: bool = False,
        before_each: Callable[[Request], None] = lambda _: None,
    ) -> None:
        self._under = under
        self._kill_at = kill_at
        self._after = after
        self._before_each = before_each
        self.requests: list[Request] = []
        self.writes: list[Request] = []

    def send(self, request: Request) -> Response:
        self._before_each(request)
        self.requests.append(request)
        if request.method == "GET":
            return self._under.send(request)
        self.writes.append(request)
        dies = len(self.writes) == self._kill_at
        if dies and not self._after:
            raise Killed
        answer = self._under.send(request)
        if dies:
            raise Killed
        return answer

    def stream(self, request: Request) -> AbstractContextManager[Stream]:
        return self._under.stream(request)
