"""What AWS would bill, as it happens: a line of JSON each, for who starts the emulator metered.

`request`: of API Gateway, with the bytes of its answer. `invocation`: of a function, with its milliseconds on this machine
and the bytes of its own log lines. `call`: of another service by a function, or by an address that one has signed, with the
milliseconds that the emulator took, and of DynamoDB the units that it consumed. MiniStack tells those of writes; its reads
are a unit each, whatever they read, so that they are counted here.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

import json
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from berth_local.aws.launcher import seams

OK = 200
READ_UNIT_BYTES = 4096

Answer = tuple[int, Mapping[str, Any], bytes]

_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})
_UNITS_OF_REFUSED = {"TransactWriteItems": 2}
"""Of each item of a write whose condition failed: it is billed as if it had not. Ours are of 1 KB at most."""


class _Call(NamedTuple):
    """A request to a service; the parameters of every service's handler."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, Any]

    @property
    def action(self) -> str:
        """By the header of the JSON protocols, or by the query of the older one."""
        target = self.headers.get("x-amz-target", "").rpartition(".")[2]
        return target or str(next(iter(self.query.get("Action") or [""])))

    @property
    def is_of_root(self) -> bool:
        """Whether the one who deploys is asking, whom nobody bills to an installation."""
        key = os.environ["AWS_ACCESS_KEY_ID"]
        return f"Credential={key}/" in self.headers.get("authorization", "")


class Meter:
    """Writes lines, each at once: who has an answer finds the lines of it."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, kind: str, **figures: object) -> None:
        """Append a line; one system call, so that those of several threads do not mix."""
        os.write(self._file, json.dumps({"kind": kind, **figures}).encode() + b"\n")


def install(file: Path) -> None:
    """Write into the file from now on. To be called when everything else is put in."""
    meter = Meter(file)
    _meter_gateway(meter)
    _meter_functions(meter)
    for service, seam in seams.SERVICES.items():
        _meter_service(meter, service, seam)


def _meter_gateway(meter: Meter) -> None:
    invoke_before = seams.INVOKE_INTEGRATION.value

    async def invoke(*arguments: Any, **named: Any) -> Answer:
        answer: Answer = await invoke_before(*arguments, **named)
        meter.write("request", bytes=len(answer[2] or b""))
        return answer

    seams.INVOKE_INTEGRATION.replace(invoke)


def _meter_functions(meter: Meter) -> None:
    run_before = seams.RUN_FUNCTION.value

    def run(func: Mapping[str, Any], event: object, request_id: str) -> dict[str, Any]:
        began = time.perf_counter()
        outcome: dict[str, Any] = run_before(func, event, request_id)
        took = (time.perf_counter() - began) * 1000
        meter.write("invocation", milliseconds=took, logged=_bytes_of_own_lines(outcome["log"]))
        return outcome

    seams.RUN_FUNCTION.replace(run)


def _bytes_of_own_lines(log: str) -> int:
    """Lambda's lines are no JSON; those of its emulator are not quite Lambda's."""
    return sum(len(line.encode()) + 1 for line in log.splitlines() if line.startswith("{"))


def _meter_service(meter: Meter, service: str, seam: seams.Seam) -> None:
    handle_before = seam.value

    async def handle(*arguments: Any) -> Answer:
        call = _Call(*arguments)
        if call.is_of_root:
            answer: Answer = await handle_before(*call)
            return answer
        is_table = service == "dynamodb"
        began = time.perf_counter()
        answer = await handle_before(*(_asking_for_units(call) if is_table else call))
        took = (time.perf_counter() - began) * 1000
        units = _units(call, answer) if is_table else {}
        meter.write("call", service=service, action=call.action, milliseconds=took, **units)
        return answer

    seam.replace(handle)


def _asking_for_units(call: _Call) -> _Call:
    asked = json.loads(call.body) | {"ReturnConsumedCapacity": "TOTAL"}
    return call._replace(body=json.dumps(asked).encode())


def _units(call: _Call, answer: Answer) -> dict[str, float]:
    request, told = json.loads(call.body), json.loads(answer[2])
    if call.action not in _WRITES:
        return {"reads": _read(request, told)}
    if answer[0] != OK:
        refused = len(request.get("TransactItems", [None]))
        return {"writes": refused * _UNITS_OF_REFUSED.get(call.action, 1)}
    consumed = told["ConsumedCapacity"]
    each = consumed if isinstance(consumed, list) else [consumed]  # of a transaction, by table
    return {"writes": sum(float(table["CapacityUnits"]) for table in each)}


def _read(request: Mapping[str, Any], told: Mapping[str, Any]) -> int:
    """Count the units of a strongly consistent read: of each item by itself, of a query of all together."""
    if "RequestItems" in request:
        asked = sum(len(each["Keys"]) for each in request["RequestItems"].values())
        found = [item for items in told.get("Responses", {}).values() for item in items]
        return sum(map(_units_of, found)) + asked - len(found)
    found = [told["Item"]] if "Item" in told else told.get("Items", [])
    return _units_of(*found)


def _units_of(*items: Mapping[str, Any]) -> int:
    size: int = sum(map(seams.ITEM_SIZE.value, items))
    return max(1, math.ceil(size / READ_UNIT_BYTES))
