"""Whether an API may call a function: the function's own policy, which MiniStack keeps but does not ask.

https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html: without the permission the client gets 500.
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from berth_local.aws.launcher import seams
from berth_local.aws.launcher.gateway_limits import Answer, refusal

_FUNCTION = re.compile(r"(arn:aws:lambda:([^:]+):([^:]+):function:[^/]+)/invocations$")
_GATEWAY = "apigateway.amazonaws.com"


def install() -> None:
    """Ask the function's policy before it is called."""
    invoke_before = seams.INVOKE_INTEGRATION.value

    async def invoke(*arguments: Any, **named: Any) -> Answer:
        given = dict(zip(seams.INTEGRATION_PARAMETERS, arguments, strict=False))
        if not _is_permitted(given):
            return refusal(500, "InternalServerErrorException", "Internal server error")
        answer: Answer = await invoke_before(*arguments, **named)
        return answer

    seams.INVOKE_INTEGRATION.replace(invoke)


def _is_permitted(call: Mapping[str, Any]) -> bool:
    """Whether a statement allows this method of this stage; an integration of another kind is not judged."""
    found = _FUNCTION.search(call["integration"].get("uri", ""))
    if found is None:
        return True
    function, region, account = found.groups()
    path = call["resource"]["path"]
    source = f"{call['api_id']}/{call['stage_name']}/{call['method']}{path}"
    asking = f"arn:aws:execute-api:{region}:{account}:{source}"
    return any(fnmatchcase(asking, pattern) for pattern in _patterns(function))


def _patterns(function: str) -> Iterator[str]:
    """Yield the sources from which API Gateway may call the function."""
    policy, _ = seams.FUNCTION_POLICY.value(function) or ({"Statement": []}, "")
    for statement in policy["Statement"]:
        principal = statement.get("Principal")
        if statement["Effect"] == "Allow" and _GATEWAY in str(principal):
            condition = statement.get("Condition", {}).get("ArnLike", {})
            yield condition.get("AWS:SourceArn", "*")
