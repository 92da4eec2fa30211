"""Health, what Berth needs, and the OpenAPI document."""

import json

from chalice.app import Response

from chalicelib.api.call import Call
from chalicelib.api.responses import json_answer
from chalicelib.api.values import Shown
from chalicelib.usecases.operations.readiness import Answer, Readiness
from chalicelib.wire import PROTOCOL

_readiness = Readiness()


class Health(Shown):
    """Berth answers, and its settings are right."""

    status: str
    surface: str
    protocol: int


class ShownDependency(Shown):
    """Something that Berth needs: ``ok``, ``failing``, ``silent`` (for three seconds), or ``unasked``
    by a deployment that has no use for it."""

    name: str
    state: Answer
    milliseconds: float | None


class Ready(Shown):
    """Whether everything that was asked answers. At most 15 seconds old."""

    status: str
    surface: str
    dependencies: list[ShownDependency]


def get_health(call: Call) -> Health:
    """Tell whether Berth itself answers. Nothing else is asked."""
    return Health(status="ok", surface=call.ports.site.surface, protocol=PROTOCOL)


def get_ready(call: Call) -> Response:
    """Tell whether what Berth needs answers, one by one; 503 where something does not."""
    found = _readiness.look(call.ports)
    is_ready = all(each.answer in (Answer.OK, Answer.UNASKED) for each in found)
    ready = Ready(
        status="ok" if is_ready else "failing",
        surface=call.ports.site.surface,
        dependencies=[
            ShownDependency(name=each.name, state=each.answer, milliseconds=each.milliseconds)
            for each in found
        ],
    )
    return json_answer(200 if is_ready else 503, ready.model_dump_json())


def get_openapi(call: Call) -> Response:
    """Return this document."""
    from chalicelib.api.openapi import document  # noqa: PLC0415 - it needs every room, this one too

    return json_answer(200, json.dumps(document(call.ports.site.public_url), separators=(",", ":")))
