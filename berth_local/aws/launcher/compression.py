"""Payload compression of an API with `minimumCompressionSize`, which MiniStack keeps but does not do.

A request's body is inflated before it becomes an event; its header Content-Encoding is left, which a function must bear.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gzip-compression-decompression.html
"""

import gzip
import zlib
from collections.abc import Mapping
from typing import Any

from berth_local.aws.launcher import seams

Answer = tuple[int, Mapping[str, Any], bytes]
_FORMATS = {"gzip": 31, "deflate": 15}
"""Windows of zlib by the name of the coding."""


def install() -> None:
    """Inflate what comes and compress what goes, by the setting of each API."""
    invoke_before = seams.INVOKE_INTEGRATION.value
    api_id, headers, body = map(seams.INTEGRATION_PARAMETERS.index, ("api_id", "headers", "body"))

    async def invoke(*arguments: Any, **named: Any) -> Answer:
        smallest = seams.REST_APIS.value[arguments[api_id]].get("minimumCompressionSize")
        if smallest is None:
            answer: Answer = await invoke_before(*arguments, **named)
            return answer
        given = list(arguments)
        given[body] = _inflated(given[body], str(given[headers].get("content-encoding", "")))
        answer = await invoke_before(*given, **named)
        accepted = str(given[headers].get("accept-encoding", ""))
        return _compressed(answer, int(smallest)) if "gzip" in accepted else answer

    seams.INVOKE_INTEGRATION.replace(invoke)


def _inflated(body: bytes | None, coding: str) -> bytes | None:
    if not body or coding not in _FORMATS:
        return body
    try:
        return zlib.decompress(body, _FORMATS[coding])
    except zlib.error:
        return body


def _compressed(answer: Answer, smallest: int) -> Answer:
    status, headers, body = answer
    coded = any(name.lower() == "content-encoding" for name in headers)
    if coded or len(body) < smallest:
        return answer
    return status, {**headers, "Content-Encoding": "gzip"}, gzip.compress(body, 5, mtime=0)
