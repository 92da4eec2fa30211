"""API Gateway, Lambda and the network before them: requests become invocations of the real app.

The models follow AWS: the gateway gives up after 29 s while the function goes on, the function dies
after 25 s, at-least-once delivery, no promise about order.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app import app
from chalicelib import bootstrap
from chalicelib.ports.bundle import Ports
from simulation.clocks import ProcessClock
from simulation.faults import Fault, Faults
from simulation.machine import VirtualSignal
from simulation.scheduler import Process, Scheduler
from simulation.tampering import has_orders, tampered

GATEWAY_SECONDS = 29.0
FUNCTION_SECONDS = 25.0
CLIENT_SECONDS = 35.0
CONTAINERS = 4


class NoResponse(Exception):
    """The connection broke, or nothing came in time: whether anything happened is not known."""


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP request. ``resource`` is the route's pattern; ``tenant`` and ``subject`` are whose
    credential it carries."""

    method: str
    resource: str
    token: str = field(repr=False)
    body: bytes = b""
    parameters: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    tenant: str = ""
    subject: str = ""

    @property
    def path(self) -> str:
        """The address that was asked for."""
        return self.resource.format(**self.parameters)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The decoded body."""
        return json.loads(self.body)


@dataclass(eq=False, slots=True)
class _Mail:
    """A request under way, and the answer that came back first."""

    call: Call
    arrived: VirtualSignal
    answer: Answer | None = None


@dataclass(eq=False, slots=True)
class Container:
    """Where invocations run: it keeps its clock and its wiring from one to the next."""

    clock: ProcessClock
    ports: Ports


class Gateway:
    """``exchange`` is called by a task, and blocks it. ``seen`` is told of every answer of the app."""

    def __init__(
        self,
        scheduler: Scheduler,
        faults: Faults,
        chance: random.Random,
        make_ports: Callable[[ProcessClock], Ports],
    ) -> None:
        self._scheduler = scheduler
        self._faults = faults
        self._chance = chance
        self._network = Process("network")
        self._make_ports = make_ports
        self._schedules: list[Process] = []
        self._is_open = True
        self.containers: list[Container] = []
        self.open()
        self.seen: Callable[[Call, Answer], None] = lambda *_: None
        self.invocations = 0
        self.wishes_under_way = 0
        """Requests of people that are not answered yet: they may arrive very late."""
        self.running: dict[Process, Call] = {}
        """The request that each running invocation works on."""

    def open(self) -> None:
        """Begin to work, with new containers."""
        self._is_open = True
        self.containers = [self._container() for _ in range(CONTAINERS)]

    def close(self) -> None:
        """End all invocations, and refuse more (0 concurrent executions are reserved)."""
        self._is_open = False
        for process in [*self.running, *self._schedules]:
            self._time_out(process)
        self._schedules.clear()

    def exchange(self, call: Call) -> Answer:
        """Send a request and wait for what comes back. Raises NoResponse."""
        self._scheduler.step(f"sends {call.method} {call.path}")
        mail = _Mail(call, VirtualSignal(self._scheduler))
        copies = 2 if self._faults.happens(Fault.DOUBLED) else 1
        for _ in range(copies):
            # The request goes its own way: it may arrive when nobody waits for the answer any more.
            self._scheduler.start("courier", self._network, lambda: self._carry(mail))
        self._scheduler.passed(f"sends {call.method} {call.path}")
        if not mail.arrived.wait(CLIENT_SECONDS) or mail.answer is None:
            raise NoResponse(f"{call.method} {call.path}")
        return mail.answer

    def _carry(self, mail: _Mail) -> None:
        self.wishes_under_way += int(not mail.call.subject)
        try:
            self._deliver(mail)
        finally:
            self.wishes_under_way -= int(not mail.call.subject)

    def _deliver(self, mail: _Mail) -> None:
        self._scheduler.sleep(self._delay())
        if self._faults.happens(Fault.REQUEST_LOST):
            return self._lose(mail)
        answer = self._refusal() or self._wait_for(mail.call)
        self._scheduler.sleep(self._delay())
        if self._faults.happens(Fault.RESPONSE_LOST):
            return self._lose(mail)
        if self._faults.happens(Fault.CUT_SHORT):
            answer = replace(answer, body=answer.body[: len(answer.body) // 2])
        elif has_orders(answer.body) and self._faults.happens(Fault.TAMPERED):
            answer = replace(answer, body=tampered(answer.body, self._chance))
        mail.answer = mail.answer or answer
        return mail.arrived.set()

    def _refusal(self) -> Answer | None:
        if not self._is_open:
            return _refused(429, self._chance)
        for fault, status in _REFUSALS:
            if self._faults.happens(fault):
                return _refused(status, self._chance)
        return None

    def _wait_for(self, call: Call) -> Answer:
        arrived, box = self._invoke(call)
        late = self._faults.happens(Fault.GATEWAY_TIMEOUT)
        if not arrived.wait(0.05 if late else GATEWAY_SECONDS):
            return _refused(504, self._chance)
        return box[0] or _refused(502, self._chance)

    def _lose(self, mail: _Mail) -> None:
        if self._chance.random() < 0.5:
            mail.arrived.set()  # the connection is reset; otherwise there is silence

    def schedule(self, name: str, act: Callable[[Ports], None]) -> None:
        """Invoke a function by the scheduler's rule, not by a request."""
        if not self._is_open:
            return
        container = self._chance.choice(self.containers)
        process = Process(f"{name}-{self._count()}")
        self._schedules = [*(each for each in self._schedules if each.alive), process]
        self._scheduler.start(process.name, process, lambda: act(container.ports))
        self._scheduler.after(FUNCTION_SECONDS, lambda: self._time_out(process))

    def _invoke(self, call: Call) -> tuple[VirtualSignal, list[Answer | None]]:
        container = self._chance.choice(self.containers)
        process = Process(f"call-{self._count()}")
        arrived, box = VirtualSignal(self._scheduler), list[Answer | None]([None])
        self.running[process] = call

        def act() -> None:
            try:
                box[0] = self._run(container, call)
            finally:
                self.running.pop(process, None)
                arrived.set()

        self._scheduler.start(process.name, process, act)
        self._scheduler.after(FUNCTION_SECONDS, lambda: self._time_out(process))
        return arrived, box

    def _run(self, container: Container, call: Call) -> Answer:
        # The handler takes the ports before its first call to any of them: nobody comes between.
        bootstrap.use(container.ports)
        raw = app(_event(call), None)
        answer = Answer(raw["statusCode"], raw["headers"], _body(raw))
        self.seen(call, answer)
        return answer

    def _time_out(self, process: Process) -> None:
        if process.alive:
            self._scheduler.kill(process)

    def _delay(self) -> float:
        late = self._faults.happens(Fault.DELAYED)
        extra = self._faults.amount(Fault.DELAYED, 1.0, 45.0) if late else 0.0
        return extra + self._chance.uniform(0.002, 0.05)

    def _count(self) -> int:
        self.invocations += 1
        return self.invocations

    def _container(self) -> Container:
        offset, drift = self._chance.uniform(-2.0, 2.0), self._chance.uniform(-1e-4, 1e-4)
        clock = ProcessClock(self._scheduler, offset, drift)
        return Container(clock, self._make_ports(clock))


_REFUSALS = ((Fault.TOO_LARGE, 413), (Fault.TOO_MANY, 429), (Fault.BAD_GATEWAY, 502))


def _refused(status: int, chance: random.Random) -> Answer:
    headers = {"Retry-After": str(chance.randint(1, 5))} if status == 429 else {}
    return Answer(status, headers, b'{"message": "the gateway refuses"}')


def _event(call: Call) -> dict[str, Any]:
    """Return the event of a REST API with proxy integration, as far as it is read."""
    headers = {"Authorization": f"Bearer {call.token}", "Accept": "application/json"}
    if call.body:
        headers["Content-Type"] = "application/json"
    headers |= call.headers
    return {
        "resource": call.resource,
        "path": call.path,
        "httpMethod": call.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": dict(call.query) or None,
        "multiValueQueryStringParameters": {k: [v] for k, v in call.query.items()} or None,
        "pathParameters": dict(call.parameters) or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": call.resource,
            "httpMethod": call.method,
            "path": call.path,
            "identity": {"sourceIp": "192.0.2.1"},
        },
        "body": call.body.decode() if call.body else None,
        "isBase64Encoded": False,
    }


def _body(raw: Mapping[str, Any]) -> bytes:
    assert not raw.get("isBase64Encoded"), "no answer of the protocol is binary"
    body = raw["body"]
    return body.encode() if isinstance(body, str) else bytes(body)
