"""Whether a role can do what nobody meant: rules for the policies that our functions run under.

Looked at are the files in `.chalice`, and what `infra.policies` writes for every kind of stage.
Which actions a service has is asked of botocore, which has its API; the few that IAM adds stand here.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session

from checks.tree import ROOT, files
from infra.policies import Installation, policies

Policy = Mapping[str, Any]

NO_RESOURCE = frozenset({"xray:PutTelemetryRecords", "xray:PutTraceSegments"})
"""Actions that know no resource: for these alone `*` may stand."""
NO_OPERATION = frozenset({"dynamodb:ConditionCheckItem"})
"""Actions of IAM without an operation of the API: here, a part of a transaction."""
KEYS = {
    "dynamodb": r"Attributes|LeadingKeys",
    "kms": r"EncryptionContext:\w+|EncryptionContextKeys|ResourceAliases|ViaService",
    "aws": r"PrincipalTag/\w+|RequestedRegion|SourceAccount|SourceArn",
}
"""Keys of conditions that our roles may ask for, by service."""
SAMPLE = Installation.of(
    "sample",
    {
        "TableName": "berth-sample",
        "KeyAlias": "alias/berth-sample",
        "KeyArn": "arn:aws:kms:eu-central-1:123456789012:key/0b1f8c1e-4a55-4d77-9d3e-6a1c3f1f2b60",
    },
)
_ARN = re.compile(r"arn:[a-z-]+:(?P<service>[a-z0-9-]+):(?P<place>[^:]*:[^:]*):(?P<name>.+)")
_OPERATOR = re.compile(
    r"((ForAllValues|ForAnyValue):)?(Null|Bool|(String|Arn|Numeric|Date)[A-Za-z]+|IpAddress)"
    r"(IfExists)?"
)
_OURS = re.compile(r"(?:table/|parameter/|log-group:/aws/lambda/|)/?berth[-/][^*]+\*?")
_ELEMENTS = frozenset({"Sid", "Effect", "Action", "Resource", "Condition"})


def findings(policy: Policy) -> Iterator[str]:
    """Yield what is wrong with a policy."""
    for statement in policy["Statement"]:
        for finding in _findings(statement):
            yield f"{statement.get('Sid', 'a statement without Sid')}: {finding}"


def _findings(statement: Mapping[str, Any]) -> Iterator[str]:
    for element in sorted(statement.keys() - _ELEMENTS):
        yield f"{element} says what is not meant, or whom: name what is"
    actions, resources = _listed(statement, "Action"), _listed(statement, "Resource")
    condition = statement.get("Condition", {})
    for action in actions:
        yield from _of_action(action)
    for resource in resources:
        yield from _of_resource(resource, actions)
    services = {action.partition(":")[0] for action in actions}
    yield from _of_condition(condition, services)


def _of_action(action: str) -> Iterator[str]:
    service, _, name = action.partition(":")
    if "*" in action or "?" in action:
        yield f"{action} is more than one action"
    elif action not in NO_OPERATION | NO_RESOURCE and name not in _operations(service):
        yield f"{action} is no action that is known"


def _of_resource(resource: str, actions: Iterable[str]) -> Iterator[str]:
    if resource == "*":
        if more := sorted(set(actions) - NO_RESOURCE):
            yield f"* is everything: {', '.join(more)} can be held to something"
        return
    if (arn := _ARN.fullmatch(resource)) is None:
        yield f"{resource} is no ARN"
        return
    if strange := sorted(a for a in actions if a.partition(":")[0] != arn["service"]):
        yield f"{resource} is not what {', '.join(strange)} works on"
    if "*" in arn["place"]:
        yield f"{resource} leaves region or account open"
    if arn["service"] == "kms" and not arn["name"].startswith("key/"):
        yield f"{resource} holds nothing: KMS asks for the ARN of the key, never of its alias"
    if "*" in arn["name"] and _OURS.fullmatch(arn["name"]) is None:
        yield f"{resource} is open beyond what is ours"


def _of_condition(condition: Mapping[str, Any], services: set[str]) -> Iterator[str]:
    for operator, tests in condition.items():
        if _OPERATOR.fullmatch(operator) is None:
            yield f"{operator} is no operator of conditions"
        for key in tests:
            service, _, name = key.partition(":")
            if service not in services | {"aws"} or not re.fullmatch(KEYS.get(service, ""), name):
                yield f"{key} is no key that a condition of {', '.join(sorted(services))} has"
            if (
                operator.startswith("ForAllValues:")
                and condition.get("Null", {}).get(key) != "false"
            ):
                yield f"{operator} {key} is true where there is none: add Null {key} false"


@cache
def _operations(service: str) -> frozenset[str]:
    session = botocore.session.get_session()
    if service not in session.get_available_services():
        return frozenset()
    return frozenset(session.get_service_model(service).operation_names)


def _listed(statement: Mapping[str, Any], element: str) -> list[str]:
    found = statement.get(element, [])
    return [found] if isinstance(found, str) else list(found)


def committed(root: Path) -> Iterator[tuple[str, Policy]]:
    """Yield the policy files of a tree, by name."""
    for path in files(root, ".chalice/policy-*.json"):
        yield str(path.relative_to(root)), json.loads(path.read_text(encoding="utf-8"))


def rendered() -> Iterator[tuple[str, Policy]]:
    """Yield what `infra.policies` writes for each function of each kind of stage."""
    for surface in ("all", "people", "agents"):
        made = policies(SAMPLE, f"sample-{surface}", surface, traced=True)
        for function, policy in made.items():
            yield f"infra/policies.py ({surface}, {function})", policy


def main(root: Path = ROOT) -> int:
    """Print every finding; 1 when there is one."""
    found = [
        f"{name}: error: {finding}"
        for name, policy in [*committed(root), *rendered()]
        for finding in findings(policy)
    ]
    print(*found, sep="\n", end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
