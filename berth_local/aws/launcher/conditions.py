"""What a policy can ask of a request, where MiniStack would leave it unknown.

A condition on a key that is unknown can pass or fail for the wrong reason. Filled in are, by the Service Authorization
Reference: `kms:EncryptionContext:*`, `kms:EncryptionContextKeys` and `kms:ResourceAliases`; `dynamodb:LeadingKeys` and
`dynamodb:Attributes` of writes and transactions; policy variables such as `${aws:PrincipalTag/team}`. A KMS key that is named by
an alias is judged as the key, as on AWS.
"""

import base64
import dataclasses
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from berth_local.aws.launcher import seams, table_requests

_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_UNKNOWN = "\0unknown"
"""Equal to nothing that a request can carry."""


def install() -> None:
    """Fill the keys in and expand the variables."""
    context_before, table_before = seams.REQUEST_CONTEXT.value, seams.TABLE_CONTEXT.value
    arn_before, match_before = seams.RESOURCE_ARN.value, seams.FIRST_MATCH.value

    def request_context(service: str, action: str, body: bytes, *more: Any) -> dict[str, Any]:
        context: dict[str, Any] = context_before(service, action, body, *more) or {}
        request = _parsed(body)
        if service == "kms":
            context |= _key_context(request)
        if service == "dynamodb":
            context |= table_requests.condition_keys(request, seams.TABLES.value)
        return context

    def table_context(body: bytes) -> dict[str, Any]:
        context: dict[str, Any] = table_before(body) or {}
        context.pop("dynamodb:Attributes", None)  # of projections alone; ours are of everything
        return context

    def resource_arn(service: str, *request: Any) -> str:
        arn: str = arn_before(service, *request)
        return _key_arn(arn, request[3]) if service == "kms" else arn

    def first_match(ctx: Any, stmts: Sequence[Any], effect: str) -> Any:
        return match_before(
            ctx, (_expanded(each, ctx) for each in stmts if each.effect == effect), effect
        )

    seams.REQUEST_CONTEXT.replace(request_context)
    seams.TABLE_CONTEXT.replace(table_context)
    seams.RESOURCE_ARN.replace(resource_arn)
    seams.FIRST_MATCH.replace(first_match)
    seams.PARSE_POLICY.replace(_parsing_once(seams.PARSE_POLICY.value))


def _parsing_once(parse: Callable[[Any], list[Any]]) -> Callable[[Any], list[Any]]:
    """Policies are asked at every call of a service, and their texts are few."""
    of_text = lru_cache(maxsize=256)(parse)
    return lambda document: of_text(document) if isinstance(document, str) else parse(document)


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _key_context(request: Mapping[str, Any]) -> dict[str, Any]:
    given = request.get("EncryptionContext") or {}
    context: dict[str, Any] = {f"kms:EncryptionContext:{name}": given[name] for name in given}
    if given:
        context["kms:EncryptionContextKeys"] = list(given)
    key = seams.FIND_KEY.value(request.get("KeyId") or _key_id_within(request))
    if key is not None:
        aliases = seams.ALIASES.value
        context["kms:ResourceAliases"] = [
            arn.rpartition(":")[2] for arn, key_id in aliases.items() if key_id == key["KeyId"]
        ]
    return context


def _key_id_within(request: Mapping[str, Any]) -> str:
    """A symmetric ciphertext begins with the id of its key."""
    return base64.b64decode(request.get("CiphertextBlob") or "")[:36].decode(errors="replace")


def _key_arn(arn: str, body: bytes) -> str:
    """Return the key behind an alias, or within a ciphertext: MiniStack finds no multi-Region key there."""
    named = arn if ":alias/" in arn else _key_id_within(_parsed(body)) if arn == "*" else ""
    key = seams.FIND_KEY.value(named) if named else None
    return arn if key is None else str(key["Arn"])


def _expanded(statement: Any, ctx: Any) -> Any:
    """Return the statement with its variables replaced by what they stand for in this request."""
    return dataclasses.replace(
        statement,
        resources=_expand(statement.resources, ctx),
        not_resources=_expand(statement.not_resources, ctx),
        conditions=_expand(statement.conditions, ctx),
    )


def _expand(value: Any, ctx: Any) -> Any:
    if isinstance(value, str):
        if "${" not in value:
            return value
        return _VARIABLE.sub(lambda found: _meaning(found[1], ctx), value)
    if isinstance(value, list):
        return [_expand(each, ctx) for each in value]
    if isinstance(value, dict):
        return {name: _expand(each, ctx) for name, each in value.items()}
    return value


def _meaning(variable: str, ctx: Any) -> str:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html."""
    if variable in {"*", "?", "$"}:
        return variable
    name, _, default = variable.partition(",")
    found = seams.CONDITION_KEY.value(name.strip(), ctx)
    if isinstance(found, str):
        return found
    return default.strip(" '") or _UNKNOWN
