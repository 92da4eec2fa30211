"""The emulated gateway in front of a function: what API Gateway would let through, and how it says what failed.

Contract of the emulator: another version of MiniStack that does otherwise is found here.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from berth_local.aws.emulator import ACCOUNT, REGION, Emulator
from berth_local.waiting import wait_until
from tests.deploy import probes

pytestmark = pytest.mark.deploy

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def gateway(aws: Emulator) -> Iterator[httpx.Client]:
    """An API whose one route leads to a function that may take 5 seconds."""
    role = probes.role(aws, "behaviour")
    probe = probes.deploy(aws, "behaviour", "behaviour", role_arn=role, seconds=5)
    hasty = probes.deploy(aws, "hasty", "behaviour", role_arn=role, seconds=1)
    stranger = probes.deploy(aws, "stranger", "behaviour", role_arn=role)
    document = {
        "swagger": "2.0",
        "info": {"title": "behaviour", "version": "1.0"},
        "x-amazon-apigateway-binary-media-types": ["application/octet-stream"],
        "paths": {
            "/": _leading_to(probe),
            "/hasty": _leading_to(hasty),
            "/stranger": _leading_to(stranger),
        },
    }
    gateways = aws.client("apigateway")
    api = gateways.import_rest_api(body=json.dumps(document).encode())["id"]
    change = {"op": "replace", "path": "/minimumCompressionSize", "value": "1024"}
    gateways.update_rest_api(restApiId=api, patchOperations=[change])
    for called in (probe, hasty):
        called.permit(f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*")
    stranger.permit(f"arn:aws:execute-api:{REGION}:{ACCOUNT}:other/*")
    gateways.create_deployment(restApiId=api, stageName="t")
    host = {"Host": aws.api_host(api), "Accept-Encoding": "identity"}
    with httpx.Client(base_url=f"{aws.endpoint}/t", headers=host, timeout=40) as client:
        yield client


def _leading_to(probe: probes.Probe) -> dict[str, object]:
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{probe.arn}/invocations"
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri}
    operation = {"responses": {}, "x-amazon-apigateway-integration": integration}
    return {"get": operation, "post": operation}


def test_a_slow_function_is_given_up_and_goes_on(aws: Emulator, gateway: httpx.Client) -> None:
    """After the gateway's time the client gets 504, while the function runs to its end."""
    answer = gateway.get("/", params={"seconds": "2.5"})

    assert (answer.status_code, answer.json()) == (504, {"message": "Endpoint request timed out"})
    wait_until(
        lambda: "went on to the end" in _logged(aws, "behaviour"),
        "the function did not end",
        seconds=10,
    )


def _logged(aws: Emulator, function: str) -> str:
    logs, group = aws.client("logs"), f"/aws/lambda/{function}"
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return ""
    return str(logs.filter_log_events(logGroupName=group)["events"])


@pytest.mark.parametrize(
    "path, params",
    [
        pytest.param("/", {"fail": "1"}, id="the function raises"),
        pytest.param("/hasty", {"seconds": "1.5"}, id="the function's own time is up"),
        pytest.param("/", {"bytes": str(7 * MIB)}, id="an answer of more than 6 MB"),
    ],
)
def test_a_failed_function_is_an_internal_error(
    gateway: httpx.Client, path: str, params: dict[str, str]
) -> None:
    """However a function fails, the client gets 502 and no word of the reason."""
    answer = gateway.get(path, params=params)

    assert (answer.status_code, answer.json()) == (502, {"message": "Internal server error"})


def test_a_function_that_does_not_permit_the_api_is_not_called(gateway: httpx.Client) -> None:
    """Without a permission for this very API the client gets an internal error."""
    answer = gateway.get("/stranger")

    assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})


@pytest.mark.parametrize(
    "body, status",
    [
        pytest.param(b"x" * (4 * MIB), 200, id="4 MiB of text"),
        pytest.param(b'"' * (4 * MIB), 413, id="4 MiB of quotes, twice as large in the event"),
        pytest.param(b"x" * (6 * MIB + 1), 413, id="more than Lambda's 6 MiB"),
        pytest.param(b"x" * (10 * MIB + 1), 413, id="more than the gateway's 10 MiB"),
    ],
)
def test_a_body_has_the_limits_of_gateway_and_lambda(
    gateway: httpx.Client, body: bytes, status: int
) -> None:
    """What would not fit into an event never reaches the function."""
    answer = gateway.post("/", content=body, headers={"Content-Type": "text/plain"})

    assert answer.status_code == status


def test_each_cookie_is_a_header_of_its_own(gateway: httpx.Client) -> None:
    """Several Set-Cookie of an answer, and several values of a parameter, all arrive."""
    cookies = ["a=1; Path=/", "b=2; Path=/"]

    answer = gateway.get("/", params={"cookies": cookies})

    assert answer.headers.get_list("set-cookie") == cookies


def test_bytes_come_back_as_they_went(gateway: httpx.Client) -> None:
    """A body of a binary type is no text anywhere on its way."""
    kind = "application/octet-stream"
    content = bytes(range(256))

    answer = gateway.post(
        "/", params={"echo": "1"}, content=content, headers={"Content-Type": kind, "Accept": kind}
    )

    assert answer.content == content


@pytest.mark.parametrize("size, coding", [(1023, ""), (1024, "gzip")])
def test_large_answers_are_compressed(gateway: httpx.Client, size: int, coding: str) -> None:
    """From the API's smallest size on, an answer is compressed for who takes that."""
    answer = gateway.get("/", params={"bytes": str(size)}, headers={"Accept-Encoding": "gzip"})

    assert answer.headers.get("content-encoding", "") == coding
    assert len(answer.text) == size


def test_calls_at_the_same_moment_do_not_wait_for_each_other(gateway: httpx.Client) -> None:
    """Two slow calls together take no longer than one: each has a sandbox of its own."""
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: gateway.get("/", params={"seconds": "1"}), range(2)))

    assert [answer.status_code for answer in answers] == [200, 200]
    assert max(answer.elapsed.total_seconds() for answer in answers) < 1.9
