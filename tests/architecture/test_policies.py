from copy import deepcopy
from typing import Any

import pytest

from checks.policies import SAMPLE, committed, findings, rendered
from checks.tree import ROOT
from infra.policies import policies

TABLE = SAMPLE.arn("dynamodb", "table/berth-sample")


def statement(**changed: Any) -> dict[str, Any]:
    """Return a statement without a fault, with these elements changed."""
    return {
        "Sid": "One",
        "Effect": "Allow",
        "Action": "dynamodb:GetItem",
        "Resource": TABLE,
    } | changed


HOLES: dict[str, tuple[dict[str, Any], str]] = {
    "everything": (statement(Resource="*"), "* is everything: dynamodb:GetItem can be held"),
    "every action": (statement(Action="dynamodb:*"), "dynamodb:* is more than one action"),
    "some actions": (statement(Action=["dynamodb:Get*"]), "dynamodb:Get* is more than one action"),
    "a misspelt action": (statement(Action="dynamodb:GetItems"), "is no action that is known"),
    "a service that is none": (
        statement(Action="dynamo:GetItem", Resource=TABLE.replace("dynamodb", "dynamo")),
        "is no action that is known",
    ),
    "every table": (statement(Resource=TABLE.replace("berth-sample", "*")), "open beyond what is"),
    "tables that only begin as ours": (
        statement(Resource=TABLE.replace("berth-sample", "berth*")),
        "open beyond what is ours",
    ),
    "a star in the middle": (
        statement(Resource=TABLE.replace("berth-sample", "berth-*/index/a")),
        "open beyond what is ours",
    ),
    "any region": (
        statement(Resource=TABLE.replace("eu-central-1", "*")),
        "region or account open",
    ),
    "any account": (
        statement(Resource=TABLE.replace("123456789012", "*")),
        "region or account open",
    ),
    "a resource of another service": (
        statement(Resource=SAMPLE.arn("sqs", "berth-sample-ag-1")),
        "is not what dynamodb:GetItem works on",
    ),
    "a name for an ARN": (statement(Resource="berth-sample"), "is no ARN"),
    "every key": (
        statement(Action="kms:Decrypt", Resource=SAMPLE.arn("kms", "key/*")),
        "open beyond what is ours",
    ),
    "a key by its alias": (
        statement(Action="kms:Decrypt", Resource=SAMPLE.arn("kms", "alias/berth-sample")),
        "KMS asks for the ARN of the key",
    ),
    "all but something": (statement(NotAction="iam:*"), "NotAction says what is not meant"),
    "somebody": (statement(Principal="*"), "Principal says what is not meant"),
    "an operator that is none": (
        statement(Condition={"StringMatches": {"dynamodb:LeadingKeys": "a"}} | {"Like": {}}),
        "Like is no operator",
    ),
    "a misspelt key of a condition": (
        statement(Condition={"ForAnyValue:StringLike": {"dynamodb:LeadingKey": "a"}}),
        "dynamodb:LeadingKey is no key",
    ),
    "a key of another service": (
        statement(Condition={"StringEquals": {"kms:ViaService": "a"}}),
        "kms:ViaService is no key",
    ),
    "all of none": (
        statement(Condition={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": "a"}}),
        "is true where there is none",
    ),
}


@pytest.mark.parametrize("planted, words", HOLES.values(), ids=HOLES)
def test_planted_hole_is_found(planted: dict[str, Any], words: str) -> None:
    """Each hole in a policy has one finding, which names it."""
    policy = {"Version": "2012-10-17", "Statement": [statement(), planted]}

    (found,) = findings(policy)

    assert words in found


@pytest.mark.parametrize("surface", ["all", "people", "agents"])
def test_hole_in_our_own_policy_is_found(surface: str) -> None:
    """Opening any one statement of what we write to everything is found."""
    for function, policy in policies(SAMPLE, f"sample-{surface}", surface).items():
        for index in range(len(policy["Statement"])):
            opened = deepcopy(policy)
            opened["Statement"][index]["Resource"] = "*"

            assert list(findings(policy)) == [], function
            assert len(list(findings(opened))) == 1, function


def test_only_tracing_may_ask_for_everything() -> None:
    """The few actions that know no resource pass with a star."""
    policy = {"Statement": [statement(Action="xray:PutTraceSegments", Resource="*")]}

    assert list(findings(policy)) == []


def test_there_is_something_to_check() -> None:
    """The check looks at the files of the repository and at six written policies."""
    assert len(list(committed(ROOT))) >= 2
    assert len(list(rendered())) == 6
