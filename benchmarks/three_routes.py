"""The app that a deployment is measured beside: three routes, with boto3 from the runtime, a table and a key."""

import os
from typing import Any

import boto3
from chalice.app import Chalice

CONTEXT = {"organisation": "none", "workspace": "none"}

app = Chalice(app_name="three-routes")
table = boto3.client("dynamodb")
keys = boto3.client("kms")


@app.route("/")
def show() -> dict[str, Any]:
    """Do nothing."""
    return {}


@app.route("/items/{name}", methods=["PUT"])
def put(name: str) -> dict[str, Any]:
    """Keep a data key, sealed."""
    made = keys.generate_data_key(
        KeyId=os.environ["BERTH_KMS_KEY"], KeySpec="AES_256", EncryptionContext=CONTEXT
    )
    item = {"pk": {"S": name}, "sk": {"S": name}, "sealed": {"B": made["CiphertextBlob"]}}
    table.put_item(TableName=os.environ["BERTH_TABLE"], Item=item)
    return {}


@app.route("/items/{name}")
def get(name: str) -> dict[str, Any]:
    """Read it and open it."""
    key = {"pk": {"S": name}, "sk": {"S": name}}
    item = table.get_item(TableName=os.environ["BERTH_TABLE"], Key=key)["Item"]
    opened = keys.decrypt(CiphertextBlob=item["sealed"]["B"], EncryptionContext=CONTEXT)
    return {"bytes": len(opened["Plaintext"])}
