"""What API Gateway lets through to a function, and how it says that one failed.

https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html; of Lambda, 6 MB for an event.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from berth_local.aws.launcher import seams

SECONDS = 29.0
MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_EVENT_BYTES = 6 * 1024 * 1024

Answer = tuple[int, Mapping[str, Any], bytes]


def install(seconds: float) -> None:
    """Put the limits between gateway and function; an integration may take `seconds`."""
    invoke_before = seams.INVOKE_INTEGRATION.value
    place = seams.INTEGRATION_PARAMETERS.index("body")

    async def invoke(*arguments: Any, **named: Any) -> Answer:
        if _is_too_large(arguments[place] or b""):
            return refusal(413, "RequestTooLargeException", "Request Too Long")
        call = asyncio.ensure_future(invoke_before(*arguments, **named))
        done, _ = await asyncio.wait({call}, timeout=seconds)
        if not done:  # the function runs on, as on AWS
            return refusal(504, "InternalServerErrorException", "Endpoint request timed out")
        answer: Answer = call.result()
        if answer[0] == 502:
            return refusal(502, "InternalServerErrorException", "Internal server error")
        return answer

    seams.INVOKE_INTEGRATION.replace(invoke)


def _is_too_large(body: bytes) -> bool:
    """The body is text within JSON in the event, where quotes and backslashes count twice."""
    if len(body) > MAX_BODY_BYTES:
        return True
    return len(json.dumps(body.decode(errors="replace"))) > MAX_EVENT_BYTES


def refusal(status: int, kind: str, message: str) -> Answer:
    """Return an answer of the gateway's own."""
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": kind}
    return status, headers, json.dumps({"message": message}).encode()
