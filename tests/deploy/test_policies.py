"""How the emulated IAM judges: a contract of the emulator on which the tests of our roles stand."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from berth_local.aws.emulator import ACCOUNT, REGION, Emulator

pytestmark = pytest.mark.deploy

TABLE = "policies"
TABLE_ARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}"
ANYBODY = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
_numbers = count()

Statement = Mapping[str, Any]


def allow(
    *actions: str, on: str = TABLE_ARN, when: Statement | None = None, effect: str = "Allow"
) -> Statement:
    """Return a statement of a policy."""
    condition = {"Condition": when} if when else {}
    return {"Effect": effect, "Action": list(actions), "Resource": on, **condition}


@dataclass(frozen=True)
class Grantor:
    """An account with one table, to whose roles policies are given."""

    aws: Emulator
    key: str

    def role(self, statements: Sequence[Statement]) -> str:
        """Make a role with a policy and return its name."""
        iam, name = self.aws.client("iam"), f"role-{next(_numbers)}"
        trust = {
            "Effect": "Allow",
            "Principal": ANYBODY,
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=_document(*statements))
        return name

    def session(self, role: str, service: str) -> Any:
        """Return a client with a session of the role, tagged team=red."""
        made = self.aws.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}",
            RoleSessionName="session",
            Tags=[{"Key": "team", "Value": "red"}],
        )["Credentials"]
        credentials = {
            "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
            "AWS_SESSION_TOKEN": made["SessionToken"],
        }
        return self.aws.client(service, credentials)


def _document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def is_allowed(client: Any, operation: str, **parameters: Any) -> bool:
    """Whether the call goes through; every other refusal than for want of a right is raised."""
    try:
        getattr(client, operation)(**parameters)
    except ClientError as error:
        if "AccessDenied" in error.response["Error"]["Code"]:
            return False
        raise
    return True


@pytest.fixture(scope="module")
def grantor(aws: Emulator) -> Grantor:
    """The account of all tests here."""
    aws.client("dynamodb").create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return Grantor(aws, aws.client("kms").create_key()["KeyMetadata"]["Arn"])


def _put(pk: str, **more: str) -> dict[str, Any]:
    item = {"pk": pk, **more}
    return {"TableName": TABLE, "Item": {name: {"S": value} for name, value in item.items()}}


def _get(pk: str) -> dict[str, Any]:
    return {"TableName": TABLE, "Key": {"pk": {"S": pk}}}


def _query(pk: str) -> dict[str, Any]:
    values = {":pk": {"S": pk}}
    return {
        "TableName": TABLE,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": values,
    }


def _transact(kind: str, part: dict[str, Any]) -> dict[str, Any]:
    return {"TransactItems": [{kind: part}]}


OWN, FOREIGN = "TEAM#red#1", "TEAM#blue#1"
LEADING_KEYS = [
    ("put_item", _put(OWN), True),
    ("put_item", _put(FOREIGN), False),
    ("get_item", _get(OWN), True),
    ("get_item", _get(FOREIGN), False),
    ("query", _query(OWN), True),
    ("query", _query(FOREIGN), False),
    ("transact_write_items", _transact("Put", _put(OWN)), True),
    ("transact_write_items", _transact("Put", _put(FOREIGN)), False),
    ("transact_write_items", _transact("Delete", _get(OWN)), False),
    ("transact_write_items", _transact("ConditionCheck", {**_get(OWN), "ConditionExpression": "attribute_exists(pk)"}), False),
    ("batch_get_item", {"RequestItems": {TABLE: {"Keys": [{"pk": {"S": OWN}}, {"pk": {"S": FOREIGN}}]}}}, False),
]  # fmt: skip


@pytest.fixture(scope="module")
def red(grantor: Grantor) -> Any:
    """May touch items of its own team alone, by the tag of its session."""
    condition = {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["TEAM#${aws:PrincipalTag/team}#*"]}
    }
    actions = [f"dynamodb:{each}" for each in ("GetItem", "PutItem", "UpdateItem", "Query")]
    actions.append("dynamodb:BatchGetItem")
    return grantor.session(grantor.role([allow(*actions, when=condition)]), "dynamodb")


@pytest.mark.parametrize("operation, parameters, allowed", LEADING_KEYS)
def test_leading_keys_are_those_of_the_request(
    red: Any, operation: str, parameters: dict[str, Any], allowed: bool
) -> None:
    """A condition on partition keys judges reads, writes, queries, batches and parts of transactions."""
    assert is_allowed(red, operation, **parameters) is allowed


def _update(expression: str, **more: Any) -> dict[str, Any]:
    values = {"ExpressionAttributeValues": {":a": {"S": "1"}}}
    return {**_get("x"), "UpdateExpression": expression, **values, **more}


ATTRIBUTES = [
    ("update_item", _update("SET actual = :a"), True),
    ("update_item", _update("SET desired = :a"), False),
    ("update_item", _update("SET #d = :a", ExpressionAttributeNames={"#d": "desired"}), False),
    ("update_item", _update("SET actual = :a", ConditionExpression="desired = :a"), False),
    ("put_item", _put("x", actual="1"), True),
    ("put_item", _put("x", desired="1"), False),
]


@pytest.fixture(scope="module")
def reporter(grantor: Grantor) -> Any:
    """May write what is reported and not what is wanted."""
    condition = {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "actual", "acked"]}}
    statement = allow("dynamodb:UpdateItem", "dynamodb:PutItem", when=condition)
    return grantor.session(grantor.role([statement]), "dynamodb")


@pytest.mark.parametrize("operation, parameters, allowed", ATTRIBUTES)
def test_attributes_are_all_that_a_write_names(
    reporter: Any, operation: str, parameters: dict[str, Any], allowed: bool
) -> None:
    """A condition on attributes sees items, expressions, and names behind placeholders."""
    assert is_allowed(reporter, operation, **parameters) is allowed


def test_a_denial_wins(grantor: Grantor) -> None:
    """What one statement denies no other one allows."""
    role = grantor.role([allow("dynamodb:*"), allow("dynamodb:DeleteItem", effect="Deny")])
    client = grantor.session(role, "dynamodb")

    assert is_allowed(client, "get_item", **_get("x"))
    assert not is_allowed(client, "delete_item", **_get("x"))


def test_a_right_is_on_its_resource_alone(grantor: Grantor) -> None:
    """Rights on another table, and on another service, are none here."""
    role = grantor.role([allow("dynamodb:*", on=f"{TABLE_ARN}-other"), allow("logs:*", on="*")])

    assert not is_allowed(grantor.session(role, "dynamodb"), "get_item", **_get("x"))
    assert not is_allowed(grantor.session(role, "s3"), "list_buckets")


def test_a_boundary_takes_away_and_gives_nothing(grantor: Grantor) -> None:
    """Within a permissions boundary only what both allow is allowed."""
    iam = grantor.aws.client("iam")
    boundary = iam.create_policy(
        PolicyName="boundary", PolicyDocument=_document(allow("dynamodb:GetItem"))
    )["Policy"]["Arn"]
    role = grantor.role([allow("dynamodb:PutItem", "dynamodb:GetItem")])
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=boundary)
    client = grantor.session(role, "dynamodb")

    assert is_allowed(client, "get_item", **_get("x"))
    assert not is_allowed(client, "put_item", **_put("x"))


OURS, THEIRS = "/ours/one", "/theirs/one"
PARAMETERS = [
    ("get_parameters", {"Names": [OURS, "/ours/two"]}, True),
    ("get_parameters", {"Names": [THEIRS]}, False),
    ("get_parameters", {"Names": [OURS, THEIRS]}, False),
    ("get_parameters", {"Names": [THEIRS, OURS]}, False),
    ("get_parameters", {"Names": ["ours/one"]}, True),
    ("get_parameters", {"Names": ["oursone"]}, False),
    ("delete_parameters", {"Names": [OURS]}, False),
    ("get_parameter", {"Name": OURS}, False),
]


@pytest.fixture(scope="module")
def reader(grantor: Grantor) -> Any:
    """May get the parameters below one path, several at a time."""
    below = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/ours/*"
    return grantor.session(grantor.role([allow("ssm:GetParameters", on=below)]), "ssm")


@pytest.mark.parametrize("operation, parameters, allowed", PARAMETERS)
def test_each_named_parameter_is_judged(
    reader: Any, operation: str, parameters: dict[str, Any], allowed: bool
) -> None:
    """A call that names several parameters goes through where each is allowed, in whatever order."""
    assert is_allowed(reader, operation, **parameters) is allowed


def test_a_denied_parameter_denies_the_call(grantor: Grantor) -> None:
    """One name among several that is denied takes the whole call with it."""
    below = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/ours/"
    statements = [
        allow("ssm:GetParameters", on=f"{below}*"),
        allow("ssm:GetParameters", on=f"{below}two", effect="Deny"),
    ]
    client = grantor.session(grantor.role(statements), "ssm")

    assert is_allowed(client, "get_parameters", Names=[OURS])
    assert not is_allowed(client, "get_parameters", Names=[OURS, "/ours/two"])


RED, BLUE = {"team": "red", "item": "1"}, {"team": "blue", "item": "1"}


@pytest.fixture(scope="module")
def sealer(grantor: Grantor) -> Any:
    """May seal for its own team, and open in contexts of two keys."""
    own = {"StringEquals": {"kms:EncryptionContext:team": "${aws:PrincipalTag/team}"}}
    keys = {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["team", "item"]}}
    statements = [
        allow("kms:Encrypt", on=grantor.key, when=own),
        allow("kms:Decrypt", on=grantor.key, when=own | keys),
    ]
    return grantor.session(grantor.role(statements), "kms")


@pytest.mark.parametrize("context, allowed", [(RED, True), (BLUE, False), ({}, False)])
def test_an_encryption_context_is_judged(
    grantor: Grantor, sealer: Any, context: dict[str, str], allowed: bool
) -> None:
    """A condition on the context holds for sealing and for opening, and an absent one does not pass."""
    sealing = {"KeyId": grantor.key, "Plaintext": b"x", "EncryptionContext": context}
    sealed = grantor.aws.client("kms").encrypt(**sealing)["CiphertextBlob"]

    assert is_allowed(sealer, "encrypt", **sealing) is allowed
    opening = {"CiphertextBlob": sealed, "EncryptionContext": context}
    assert is_allowed(sealer, "decrypt", **opening) is allowed


def test_a_context_may_have_no_further_keys(grantor: Grantor, sealer: Any) -> None:
    """A condition on the names of a context sees all of them."""
    context = {**RED, "more": "1"}
    sealed = grantor.aws.client("kms").encrypt(
        KeyId=grantor.key, Plaintext=b"x", EncryptionContext=context
    )["CiphertextBlob"]

    assert not is_allowed(sealer, "decrypt", CiphertextBlob=sealed, EncryptionContext=context)


def test_a_key_with_replicas_is_found_in_its_ciphertext(grantor: Grantor) -> None:
    """Who opens without naming the key is judged by the key that sealed, a multi-Region key too."""
    keys = grantor.aws.client("kms")
    ours, theirs = (keys.create_key(MultiRegion=True)["KeyMetadata"]["Arn"] for _ in range(2))
    opener = grantor.session(grantor.role([allow("kms:Decrypt", on=ours)]), "kms")

    for key, allowed in ((ours, True), (theirs, False)):
        sealed = keys.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        assert is_allowed(opener, "decrypt", CiphertextBlob=sealed) is allowed


def test_what_was_not_granted_on_a_key_is_denied(grantor: Grantor, sealer: Any) -> None:
    """The right to encrypt is not the right to make data keys."""
    wanted = {"KeyId": grantor.key, "KeySpec": "AES_256", "EncryptionContext": RED}

    assert not is_allowed(sealer, "generate_data_key", **wanted)


@pytest.mark.parametrize("alias, allowed", [("alias/ours", True), ("alias/theirs", False)])
def test_a_key_is_known_by_its_aliases(grantor: Grantor, alias: str, allowed: bool) -> None:
    """A condition on kms:ResourceAliases judges the key, however the request names it."""
    kms = grantor.aws.client("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/ours"}}
    statement = allow("kms:Encrypt", on=f"arn:aws:kms:*:{ACCOUNT}:key/*", when=condition)
    client = grantor.session(grantor.role([statement]), "kms")

    for name in (alias, key["KeyId"], key["Arn"]):
        assert is_allowed(client, "encrypt", KeyId=name, Plaintext=b"x") is allowed


def test_a_key_policy_that_does_not_delegate_denies_all(grantor: Grantor) -> None:
    """Where the key's own policy leaves an action out, no role's policy gives it."""
    policy = {
        "Effect": "Allow",
        "Principal": ANYBODY,
        "Action": ["kms:Create*", "kms:Describe*", "kms:Put*"],
        "Resource": "*",
    }
    key = grantor.aws.client("kms").create_key(
        Policy=_document(policy), BypassPolicyLockoutSafetyCheck=True
    )["KeyMetadata"]["Arn"]
    client = grantor.session(grantor.role([allow("kms:*", on=key)]), "kms")

    assert not is_allowed(client, "encrypt", KeyId=key, Plaintext=b"x")
