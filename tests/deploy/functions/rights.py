"""A function that calls AWS as it is told, to see what its role may do. Runs in the sandbox."""

import base64
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


@cache
def _client(service: str) -> Any:
    return boto3.client(service, config=Config(retries={"total_max_attempts": 1}))


def handler(event: dict[str, Any], context: object) -> dict[str, str]:
    """Return the code of the refusal, empty where there was none, and a ciphertext where there is one."""
    client = _client(event["service"])
    parameters = event["parameters"]
    if "CiphertextBlob" in parameters:
        parameters["CiphertextBlob"] = base64.b64decode(parameters["CiphertextBlob"])
    try:
        answer = getattr(client, event["operation"])(**parameters)
    except ClientError as error:
        return {"refusal": error.response["Error"]["Code"]}
    sealed = answer.get("CiphertextBlob", b"")
    return {"refusal": "", "sealed": base64.b64encode(sealed).decode()}
