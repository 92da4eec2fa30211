import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
POLICIES = sorted((ROOT / ".chalice").glob("policy-*.json"))
ALLOWED = {
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:CreateQueue",
    "sqs:DeleteQueue",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
    "ssm:GetParameters",
}


def statements(policy: Path) -> list[dict[str, Any]]:
    """Return the statements of a policy file."""
    found: list[dict[str, Any]] = json.loads(policy.read_text(encoding="utf-8"))["Statement"]
    return found


def listed(value: str | list[str]) -> list[str]:
    """Return what IAM lets one write as a text or as a list."""
    return [value] if isinstance(value, str) else value


def configuration() -> dict[str, Any]:
    """Return Chalice's configuration."""
    found: dict[str, Any] = json.loads((ROOT / ".chalice/config.json").read_text(encoding="utf-8"))
    return found


def test_stages_allow_the_calls_of_the_adapters_and_no_other() -> None:
    """A role may read and write items, wrap and unwrap data keys, wake agents, read its secrets and write its logs."""
    actions = {
        action
        for policy in POLICIES
        for statement in statements(policy)
        for action in listed(statement["Action"])
    }

    assert {"dynamodb:GetItem", "kms:Decrypt", "logs:PutLogEvents"} <= actions <= ALLOWED


def test_stages_have_a_handwritten_policy_each() -> None:
    """Chalice's own policy would grant nothing of what chalicelib calls, so it never writes one."""
    config = configuration()

    files = {
        ROOT / ".chalice" / entry["iam_policy_file"]
        for stage in config["stages"].values()
        for entry in (stage, *stage.get("lambda_functions", {}).values())
        if "iam_policy_file" in entry
    }

    assert config["autogen_policy"] is False
    assert files == set(POLICIES)


def test_functions_end_before_the_gateway_gives_up() -> None:
    """API Gateway waits 29 s at a regional endpoint; a function ends before it."""
    config = configuration()

    assert config["api_gateway_endpoint_type"] == "REGIONAL"
    assert config["lambda_timeout"] == 25
