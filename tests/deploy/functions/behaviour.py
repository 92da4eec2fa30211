"""A function behind the gateway that does what the query says. Runs in the sandbox."""

import base64
import sys
import threading
from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer as API Gateway expects of a proxy integration."""
    asked = event["multiValueQueryStringParameters"] or {}
    if "seconds" in asked:
        threading.Event().wait(float(asked["seconds"][0]))
        sys.stderr.write("went on to the end\n")
    if "fail" in asked:
        raise RuntimeError("the reason, which is nobody's business")
    if "bytes" in asked:
        return {"statusCode": 200, "body": "x" * int(asked["bytes"][0])}
    if "cookies" in asked:
        return {
            "statusCode": 200,
            "multiValueHeaders": {"Set-Cookie": asked["cookies"]},
            "body": "",
        }
    if "echo" in asked:
        body = event["body"] or ""
        encoded = bool(event["isBase64Encoded"])
        content = base64.b64decode(body) if encoded else body.encode()
        headers = {"Content-Type": "application/octet-stream"}
        text = base64.b64encode(content).decode()
        return {"statusCode": 200, "headers": headers, "body": text, "isBase64Encoded": True}
    return {"statusCode": 200, "body": str(len(event["body"] or ""))}
