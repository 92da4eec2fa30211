"""Health, and the OpenAPI document."""

import json

from chalice.app import Response

from chalicelib.api.call import Call
from chalicelib.api.responses import json_answer
from chalicelib.api.values import Shown
from chalicelib.records import keys
from chalicelib.wire import PROTOCOL


class Health(Shown):
    """Berth answers, and so does its store."""

    status: str
    surface: str
    protocol: int


def get_health(call: Call) -> Health:
    """Tell whether Berth and its store answer."""
    call.ports.store.get(keys.bootstrap())
    return Health(status="ok", surface=call.ports.site.surface, protocol=PROTOCOL)


def get_openapi(call: Call) -> Response:
    """Return this document."""
    from chalicelib.api.openapi import document  # noqa: PLC0415 - it needs every room, this one too

    return json_answer(200, json.dumps(document(call.ports.site.public_url), separators=(",", ":")))
