"""What a metered emulator writes down: what AWS would bill.

DynamoDB's units are held to its developer guide, 'Read and write operations'. DynamoDB Local tells the same ones, but for
what is absent in a batch, which by the guide is a unit.
"""

import json
from typing import Any

import pytest

from berth_local.aws import stacks
from berth_local.aws.emulator import Emulator
from berth_local.aws.usage import Meter, Usage
from tests.deploy import probes

pytestmark = pytest.mark.deploy

TABLE = "berth-metered"
ON = {"TableName": TABLE}
STRONG = {**ON, "ConsistentRead": True}
SMALL = {"pk": {"S": "one"}, "sk": {"S": "a"}}
LARGE_KEY = {"pk": {"S": "one"}, "sk": {"S": "b"}}
LARGE = LARGE_KEY | {"text": {"S": "x" * 9000}}
ABSENT = {"pk": {"S": "one"}, "sk": {"S": "absent"}}
CHANGE = {
    "UpdateExpression": "SET v = :v",
    "ExpressionAttributeValues": {":v": {"N": "1"}},
}
OF_ONE = {
    "KeyConditionExpression": "pk = :p",
    "ExpressionAttributeValues": {":p": {"S": "one"}},
}
THERE = {**ON, "Key": ABSENT, "ConditionExpression": "attribute_exists(pk)"}
NOT_THERE = {**ON, "Key": ABSENT, "ConditionExpression": "attribute_not_exists(pk)"}
BATCH = {TABLE: {"Keys": [SMALL, LARGE_KEY, ABSENT], "ConsistentRead": True}}
KEPT = {"TransactItems": [{"Put": {**ON, "Item": LARGE}}, {"ConditionCheck": NOT_THERE}]}
REFUSED = {"TransactItems": [{"Put": {**ON, "Item": SMALL}}, {"ConditionCheck": THERE}]}
CONTEXT = {"organisation": "org-1", "workspace": "ws-1"}
SEAL = {"KeyId": f"alias/{TABLE}", "KeySpec": "AES_256", "EncryptionContext": CONTEXT}

BILLED: list[tuple[str, str, dict[str, Any], Usage]] = [
    ("dynamodb", "put_item", {**ON, "Item": SMALL}, Usage(writes=1)),
    ("dynamodb", "put_item", {**ON, "Item": LARGE}, Usage(writes=9)),
    ("dynamodb", "update_item", {**ON, "Key": SMALL, **CHANGE}, Usage(writes=1)),
    ("dynamodb", "get_item", {**STRONG, "Key": SMALL}, Usage(reads=1)),
    ("dynamodb", "get_item", {**STRONG, "Key": LARGE_KEY}, Usage(reads=3)),
    ("dynamodb", "get_item", {**STRONG, "Key": ABSENT}, Usage(reads=1)),
    ("dynamodb", "query", {**STRONG, **OF_ONE}, Usage(reads=3)),
    ("dynamodb", "batch_get_item", {"RequestItems": BATCH}, Usage(reads=1 + 3 + 1)),
    ("dynamodb", "transact_write_items", KEPT, Usage(writes=18 + 2)),
    ("dynamodb", "transact_write_items", REFUSED, Usage(writes=2 + 2)),
    ("dynamodb", "delete_item", {**THERE}, Usage(writes=1)),
    ("dynamodb", "delete_item", {**ON, "Key": SMALL}, Usage(writes=1)),
    ("kms", "generate_data_key", SEAL, Usage(keys=1)),
    ("sqs", "create_queue", {"QueueName": TABLE}, Usage(queues=1)),
]  # fmt: skip
"""In an order in which each finds what it needs; two of the writes are refused by their conditions."""


@pytest.fixture(scope="module")
def asker(aws: Emulator) -> probes.Asker:
    """A function that may do all of it."""
    stacks.create_data(aws, "metered")
    role = probes.role(aws, "metered")
    anything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    aws.client("iam").put_role_policy(
        RoleName="metered",
        PolicyName="all",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [anything]}),
    )
    return probes.Asker(probes.deploy(aws, "metered", "rights", role_arn=role))


def test_what_a_function_asks_for_is_written_down(aws: Emulator, asker: probes.Asker) -> None:
    """Each call of a function is counted as AWS bills it: invocations, calls, units of the table, keys, queues."""
    meter, found = Meter(aws.meter), list[Usage]()
    meter.take()
    for service, operation, parameters, _ in BILLED:
        asker(service, operation, parameters)
        found.append(meter.take())

    one = Usage(invocations=1, calls=1)
    assert [each.billed for each in found] == [one + each[3] for each in BILLED]
    assert all(each.handled > 0 for each in found)


def test_who_deploys_is_on_no_bill(aws: Emulator, asker: probes.Asker) -> None:
    """Calls of the account's root user are not counted: they are not the installation's."""
    meter = Meter(aws.meter)
    meter.take()

    aws.client("dynamodb").get_item(TableName=TABLE, Key=SMALL)

    assert meter.take() == Usage()
