"""What the roles of the deployed functions may do: a function of the test asks, with each role."""

from collections.abc import Callable
from typing import Any

import pytest

from berth_local.aws.deployment import Deployment
from berth_local.aws.emulator import ACCOUNT, REGION
from tests.deploy import probes

pytestmark = pytest.mark.deploy

TABLE, KEY = "berth-dev", "alias/berth-dev"
CONTEXT = {"organisation": "org-000000000001", "workspace": "ws-000000000001"}
UNPROTECTED = {"PointInTimeRecoveryEnabled": False}
ITEM = {"pk": {"S": "probe"}, "sk": {"S": "probe"}}
QUEUES = f"http://sqs.{REGION}.localhost/{ACCOUNT}"
"""The emulator reads the queue's name out of the address."""
ROLES = ("api_handler", "sweep")

ALLOWED: list[tuple[str, str, dict[str, Any]]] = [
    ("dynamodb", "put_item", {"TableName": TABLE, "Item": ITEM}),
    ("dynamodb", "get_item", {"TableName": TABLE, "Key": ITEM}),
    ("dynamodb", "delete_item", {"TableName": TABLE, "Key": ITEM}),
    (
        "dynamodb",
        "transact_write_items",
        {"TransactItems": [{"Put": {"TableName": TABLE, "Item": ITEM}}]},
    ),
    (
        "kms",
        "generate_data_key",
        {"KeyId": KEY, "KeySpec": "AES_256", "EncryptionContext": CONTEXT},
    ),
    ("sqs", "create_queue", {"QueueName": "berth-dev-ag-probe"}),
]

FORBIDDEN: list[tuple[str, str, dict[str, Any]]] = [
    ("dynamodb", "scan", {"TableName": TABLE}),
    ("dynamodb", "delete_table", {"TableName": TABLE}),
    ("dynamodb", "describe_table", {"TableName": TABLE}),
    ("dynamodb", "update_table", {"TableName": TABLE, "DeletionProtectionEnabled": False}),
    ("dynamodb", "update_continuous_backups", {"TableName": TABLE, "PointInTimeRecoverySpecification": UNPROTECTED}),
    ("dynamodb", "create_backup", {"TableName": TABLE, "BackupName": "copy"}),
    ("dynamodb", "batch_write_item", {"RequestItems": {TABLE: [{"PutRequest": {"Item": ITEM}}]}}),
    ("dynamodb", "execute_statement", {"Statement": f'SELECT * FROM "{TABLE}"'}),
    ("dynamodb", "get_item", {"TableName": "berth-prod", "Key": ITEM}),
    ("dynamodb", "put_item", {"TableName": "berth-prod", "Item": ITEM}),
    ("dynamodb", "transact_write_items", {"TransactItems": [{"Put": {"TableName": "berth-prod", "Item": ITEM}}]}),
    ("dynamodb", "list_tables", {}),
    ("kms", "generate_data_key", {"KeyId": KEY, "KeySpec": "AES_256"}),
    ("kms", "generate_data_key", {"KeyId": KEY, "KeySpec": "AES_256", "EncryptionContext": {"organisation": "org-000000000001"}}),
    ("kms", "generate_data_key", {"KeyId": "alias/foreign", "KeySpec": "AES_256", "EncryptionContext": CONTEXT}),
    ("kms", "generate_data_key_without_plaintext", {"KeyId": KEY, "KeySpec": "AES_256", "EncryptionContext": CONTEXT}),
    ("kms", "encrypt", {"KeyId": KEY, "Plaintext": "x", "EncryptionContext": CONTEXT}),
    ("kms", "describe_key", {"KeyId": KEY}),
    ("kms", "create_grant", {"KeyId": KEY, "GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:root", "Operations": ["Decrypt"]}),
    ("kms", "update_alias", {"AliasName": KEY, "TargetKeyId": "alias/foreign"}),
    ("kms", "list_aliases", {}),
    ("sqs", "create_queue", {"QueueName": "berth-prod-ag-probe"}),
    ("sqs", "send_message", {"QueueUrl": f"{QUEUES}/other", "MessageBody": "x"}),
    ("sqs", "purge_queue", {"QueueUrl": f"{QUEUES}/berth-dev-ag-probe"}),
    ("sqs", "list_queues", {}),
    ("iam", "list_roles", {}),
    ("iam", "create_user", {"UserName": "intruder"}),
    ("sts", "assume_role", {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/other", "RoleSessionName": "intruder"}),
    ("lambda", "list_functions", {}),
    ("lambda", "invoke", {"FunctionName": "berth-dev-sweep"}),
    ("lambda", "get_function", {"FunctionName": "berth-dev"}),
    ("logs", "delete_log_group", {"logGroupName": "/aws/lambda/berth-dev"}),
    ("logs", "create_log_group", {"logGroupName": "/aws/lambda/other"}),
    ("s3", "list_buckets", {}),
    ("secretsmanager", "list_secrets", {}),
    ("ssm", "get_parameter", {"Name": "/other"}),
    ("events", "put_events", {"Entries": [{"Source": "x", "DetailType": "x", "Detail": "{}"}]}),
]  # fmt: skip

Ask = Callable[..., dict[str, str]]


@pytest.fixture(scope="module", params=ROLES)
def ask(request: pytest.FixtureRequest, deployment: Deployment) -> Ask:
    """Calls an AWS service with the role of a deployed function."""
    aws = deployment.aws
    aws_key = aws.client("kms")
    if not [
        each for each in aws_key.list_aliases()["Aliases"] if each["AliasName"] == "alias/foreign"
    ]:
        made = aws_key.create_key()["KeyMetadata"]["KeyId"]
        aws_key.create_alias(AliasName="alias/foreign", TargetKeyId=made)
    role = deployment.project.deployed()[f"{request.param}_role"]["role_arn"]
    probe = probes.deploy(aws, f"rights-{request.param}", "rights", role_arn=role)

    def asked(service: str, operation: str, parameters: dict[str, Any]) -> dict[str, str]:
        answer: dict[str, str] = probe(service=service, operation=operation, parameters=parameters)
        return answer

    return asked


@pytest.mark.parametrize("service, operation, parameters", ALLOWED)
def test_a_role_may_do_what_berth_does(
    ask: Ask, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    """What Berth's functions call is allowed to their roles."""
    assert ask(service, operation, parameters)["refusal"] == ""


@pytest.mark.parametrize("service, operation, parameters", FORBIDDEN)
def test_a_role_may_do_nothing_else(
    ask: Ask, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    """Everything else is denied: other actions, other resources, a key without its context."""
    refusal = ask(service, operation, parameters)["refusal"]

    assert refusal in {"AccessDenied", "AccessDeniedException"}


@pytest.mark.parametrize(
    "context, refusal",
    [
        (CONTEXT, ""),
        ({}, "AccessDeniedException"),
        ({"workspace": CONTEXT["workspace"]}, "AccessDeniedException"),
        ({**CONTEXT, "workspace": "ws-000000000002"}, "InvalidCiphertextException"),
    ],
)
def test_a_data_key_opens_in_its_own_context_alone(
    ask: Ask, context: dict[str, str], refusal: str
) -> None:
    """Without a context the policy denies to open a data key, with another one the key itself does."""
    made = {"KeyId": KEY, "KeySpec": "AES_256", "EncryptionContext": CONTEXT}
    sealed = ask("kms", "generate_data_key", made)["sealed"]

    answer = ask("kms", "decrypt", {"CiphertextBlob": sealed, "EncryptionContext": context})

    assert answer["refusal"] == refusal
