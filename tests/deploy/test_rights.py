"""What the roles of the deployed functions may do: a function of the test asks, with each role."""

import pytest

from berth_local.aws.deployment import Deployment
from berth_local.aws.emulator import ACCOUNT, REGION
from infra.policies import SECRETS
from tests.deploy import probes

pytestmark = pytest.mark.deploy

TABLE, KEY = "berth-dev", "alias/berth-dev"
CONTEXT = {"organisation": "org-000000000001", "workspace": "ws-000000000001"}
UNPROTECTED = {"PointInTimeRecoveryEnabled": False}
ITEM = {"pk": {"S": "probe"}, "sk": {"S": "probe"}}
QUEUES = f"http://sqs.{REGION}.localhost/{ACCOUNT}"
"""The emulator reads the queue's name out of the address."""
ROLES = ("api", "sweep")
DENIED = {"AccessDenied", "AccessDeniedException"}

ITEMS = [
    ("dynamodb", "put_item", {"TableName": TABLE, "Item": ITEM}),
    ("dynamodb", "get_item", {"TableName": TABLE, "Key": ITEM}),
    ("dynamodb", "delete_item", {"TableName": TABLE, "Key": ITEM}),
    ("dynamodb", "transact_write_items", {"TransactItems": [{"Put": {"TableName": TABLE, "Item": ITEM}}]}),
    ("ssm", "get_parameters", {"Names": [f"/berth/dev/{name}" for name in SECRETS], "WithDecryption": True}),
]  # fmt: skip
"""Both functions do this."""
SEAL = (
    "kms",
    "generate_data_key",
    {"KeyId": KEY, "KeySpec": "AES_256", "EncryptionContext": CONTEXT},
)
LISTEN = ("sqs", "create_queue", {"QueueName": "berth-dev-ag-probe"})

FORBIDDEN: list[probes.Request] = [
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
    ("logs", "create_log_group", {"logGroupName": "/aws/lambda/berth-dev"}),
    ("s3", "list_buckets", {}),
    ("secretsmanager", "list_secrets", {}),
    ("ssm", "get_parameters", {"Names": ["/berth/dev/pepper", "/berth/prod/pepper"]}),
    ("ssm", "get_parameters", {"Names": ["/berth/dev/other"]}),
    ("ssm", "get_parameters_by_path", {"Path": "/berth/dev"}),
    ("ssm", "put_parameter", {"Name": "/berth/dev/pepper", "Value": "x", "Type": "String", "Overwrite": True}),
    ("ssm", "delete_parameter", {"Name": "/berth/dev/pepper"}),
    ("events", "put_events", {"Entries": [{"Source": "x", "DetailType": "x", "Detail": "{}"}]}),
]  # fmt: skip


@pytest.fixture(scope="module")
def foreign_key(deployment: Deployment) -> None:
    """Another key of the account, called `alias/foreign`."""
    keys = deployment.aws.client("kms")
    made = keys.create_key()["KeyMetadata"]["KeyId"]
    keys.create_alias(AliasName="alias/foreign", TargetKeyId=made)


@pytest.fixture(scope="module")
def api(deployment: Deployment) -> probes.Asker:
    """Has the rights of the function that answers every route."""
    return probes.Asker.of(deployment.aws, deployment.project, "api_handler")


@pytest.fixture(scope="module")
def sweep(deployment: Deployment) -> probes.Asker:
    """Has the rights of the sweep."""
    return probes.Asker.of(deployment.aws, deployment.project, "sweep")


@pytest.mark.parametrize("asker", ROLES)
@pytest.mark.parametrize("asked", ITEMS)
def test_a_role_may_do_what_berth_does(
    request: pytest.FixtureRequest, asker: str, asked: probes.Request
) -> None:
    """What Berth's functions call is allowed to their roles."""
    assert request.getfixturevalue(asker).refusal(asked) == ""


@pytest.mark.parametrize("asked", [SEAL, LISTEN])
def test_only_the_api_seals_and_makes_queues(
    api: probes.Asker, sweep: probes.Asker, asked: probes.Request
) -> None:
    """The sweep has no use for a data key or for a queue to listen at, and may make neither."""
    assert api.refusal(asked) == ""
    assert sweep.refusal(asked) in DENIED


@pytest.mark.usefixtures("foreign_key")
@pytest.mark.parametrize("asker", ROLES)
@pytest.mark.parametrize("asked", FORBIDDEN)
def test_a_role_may_do_nothing_else(
    request: pytest.FixtureRequest, asker: str, asked: probes.Request
) -> None:
    """Everything else is denied: other actions, other resources, a key without its context."""
    assert request.getfixturevalue(asker).refusal(asked) in DENIED


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
    api: probes.Asker, sweep: probes.Asker, context: dict[str, str], refusal: str
) -> None:
    """Without a context the policy denies to open a data key, with another one the key itself does; the sweep opens none."""
    opening = {"CiphertextBlob": api(*SEAL)["sealed"], "EncryptionContext": context}

    assert api.refusal(("kms", "decrypt", opening)) == refusal
    assert sweep.refusal(("kms", "decrypt", opening)) in DENIED
