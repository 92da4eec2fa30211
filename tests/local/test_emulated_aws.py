"""The launcher of the emulated AWS, as far as it needs no emulator."""

from typing import Any

import pytest

from berth_local.aws.launcher.seams import Seam, faults
from berth_local.aws.launcher.table_requests import condition_keys

TABLES = {
    "t": {
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [
            {"IndexName": "i", "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}]}
        ],
    }
}


def text(value: str) -> dict[str, str]:
    return {"S": value}


@pytest.mark.parametrize(
    "seam, fault",
    [
        (Seam("json", "dumps"), ""),
        (Seam("json", "loads", ("s",)), ""),
        (Seam("json", "no_such_name"), "json.no_such_name does not exist"),
        (Seam("no_such_module", "name"), "no_such_module.name does not exist"),
        (Seam("json", "loads", ("text",)), "json.loads takes s, not text"),
    ],
)
def test_a_seam_that_does_not_fit_is_named(seam: Seam, fault: str) -> None:
    """What another version of the emulator has no more, or takes otherwise, is told by its name."""
    assert list(faults([seam])) == ([fault] if fault else [])


REQUESTS: list[tuple[str, dict[str, Any], list[str], list[str]]] = [
    ("an item", {"TableName": "t", "Item": {"pk": text("a"), "x": text("b")}}, ["a"], ["pk", "x"]),
    ("a key by the table's ARN", {"TableName": "arn:aws:dynamodb:r:0:table/t", "Key": {"pk": text("a")}}, ["a"], ["pk"]),
    (
        "a query behind placeholders",
        {
            "TableName": "t",
            "KeyConditionExpression": "#p = :p AND begins_with(sk, :s)",
            "ExpressionAttributeNames": {"#p": "pk"},
            "ExpressionAttributeValues": {":p": text("a"), ":s": text("b")},
        },
        ["a"],
        ["pk", "sk"],
    ),
    (
        "a query of an index",
        {
            "TableName": "t",
            "IndexName": "i",
            "KeyConditionExpression": "owner = :o",
            "ExpressionAttributeValues": {":o": text("a")},
        },
        ["a"],
        ["owner"],
    ),
    (
        "paths into an attribute",
        {"TableName": "t", "Key": {"pk": text("a")}, "UpdateExpression": "SET m.#n[1] = :v REMOVE other"},
        ["a"],
        ["m", "other", "pk"],
    ),
    (
        "a transaction",
        {
            "TransactItems": [
                {"Put": {"TableName": "t", "Item": {"pk": text("a")}}},
                {"Delete": {"TableName": "t", "Key": {"pk": text("b")}}},
            ]
        },
        ["a", "b"],
        ["pk"],
    ),
    (
        "batches of both kinds",
        {
            "RequestItems": {
                "t": [{"PutRequest": {"Item": {"pk": text("a")}}}, {"DeleteRequest": {"Key": {"pk": text("b")}}}]
            }
        },
        ["a", "b"],
        ["pk"],
    ),
    ("a scan", {"TableName": "t"}, [], []),
]  # fmt: skip


@pytest.mark.parametrize(
    "request_, leading, attributes", [row[1:] for row in REQUESTS], ids=[row[0] for row in REQUESTS]
)
def test_a_requests_keys_and_attributes_are_found(
    request_: dict[str, Any], leading: list[str], attributes: list[str]
) -> None:
    """Conditions of a policy see every partition key and every attribute that a request names."""
    found = condition_keys(request_, TABLES)

    assert found.get("dynamodb:LeadingKeys", []) == leading
    assert found.get("dynamodb:Attributes", []) == attributes
