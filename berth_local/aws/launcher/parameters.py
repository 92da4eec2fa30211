"""Calls that name several parameters of the parameter store: each of them is judged, where MiniStack would judge `*`.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html: the resource of
`ssm:GetParameters` is a parameter; one name that is not allowed denies the call.
"""

import json
from collections.abc import Iterator
from typing import Any

from berth_local.aws.launcher import seams

_BETWEEN = " "
"""In no name of a parameter: stands between the resources of one call."""


def install() -> None:
    """Find the parameters of a call, and judge it for each."""
    arn_before, enforce_before = seams.RESOURCE_ARN.value, seams.ENFORCE.value

    def resource_arn(service: str, *request: Any) -> str:
        arn: str = arn_before(service, *request)
        return _BETWEEN.join(_parameters(*request)) or arn if service == "ssm" else arn

    def enforce(
        key: str, action: str, service: str, region: str, resource_arn: str = "*", **more: Any
    ) -> Any:
        for each in resource_arn.split(_BETWEEN) if service == "ssm" else [resource_arn]:
            if denied := enforce_before(key, action, service, region, each, **more):
                return denied
        return None

    seams.RESOURCE_ARN.replace(resource_arn)
    seams.ENFORCE.replace(enforce)


def _parameters(*request: Any) -> Iterator[str]:
    """Yield those that a call names in a list; none where it names one, or is about something else."""
    _method, _path, _headers, body, _query, region, account = request
    try:
        names = json.loads(body or b"{}").get("Names") or []
    except (ValueError, AttributeError):
        return
    for name in names:
        yield f"arn:aws:ssm:{region}:{account}:parameter/{name.lstrip('/')}"
