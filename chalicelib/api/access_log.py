"""The line that each request leaves in the log, with the figures that are counted of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from chalice.app import Request, Response

from chalicelib.api.routes import Route
from chalicelib.log import Field, class_of, log, request_id
from chalicelib.ports.bundle import Ports
from chalicelib.ports.metrics import CLIENT_ERRORS, LATENCY, SERVER_ERRORS, Metric

REQUEST_ID = "X-Request-Id"
"""Header of each answer."""

_ID = re.compile(r"[-A-Za-z0-9]{1,64}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
"""W3C Trace Context, 3.2: version, trace-id, parent-id, trace-flags."""
_XRAY = re.compile(r"(?:.*;)?\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;.*)?")
"""Of ``X-Amzn-Trace-Id``, which API Gateway adds."""


def origin_of(request: Request) -> dict[str, Field]:
    """Return what tells this request from others: the gateway's id of it, and the trace it is part of.

    A gateway that gives no id is none of ours: only tests call the application without one.
    """
    given = str(request.context.get("requestId") or "")
    return {
        "request_id": given if _ID.fullmatch(given) else str(uuid4()) if given else None,
        "trace_id": _trace_of(request.headers),
    }


def named(response: Response) -> Response:
    """Say in the answer under which id its line is found."""
    if asked := request_id():
        response.headers[REQUEST_ID] = asked
    return response


def _trace_of(headers: Mapping[str, str]) -> str | None:
    for name, pattern in (("traceparent", _TRACEPARENT), ("x-amzn-trace-id", _XRAY)):
        if found := pattern.fullmatch(headers.get(name, "")):
            return found[1]
    return None


@dataclass(slots=True)
class Access:
    """One request, from ``begin`` to ``end``. ``figures`` are those that its handler adds."""

    route: Route
    figures: dict[Metric, float] = field(default_factory=dict)
    _ports: Ports | None = None
    _began: float = 0.0
    _refused: dict[str, Field] = field(default_factory=dict)

    def begin(self, ports: Ports) -> float:
        """Start the clock and return what it says; before that there may be no settings."""
        self._ports, self._began = ports, ports.clock.monotonic()
        return self._began

    def refuse(self, error: Exception, code: str) -> None:
        """Note why it was refused."""
        self._refused = {"error": class_of(error), "code": code}

    def end(self, response: Response) -> Response:
        """Write the line, and name the answer by its id."""
        status = response.status_code
        told: dict[str, Field] = {
            "method": self.route.method,
            "route": self.route.path,
            "status": status,
            **self._refused,
        }
        if self._ports is None:
            log("request", **told)
            return named(response)
        if (surface := self.route.surface) == "all":
            surface = ""  # health is not what people or agents get
        else:
            self.figures[CLIENT_ERRORS] = int(400 <= status < 500)
            self.figures[SERVER_ERRORS] = int(status >= 500)
            elapsed = self._ports.clock.monotonic() - self._began
            self.figures[LATENCY] = round(elapsed * 1000, 1)
        self._ports.metrics.record("request", self.figures, surface, **told)
        return named(response)
