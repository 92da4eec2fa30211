"""Secrets in the parameter store, on moto: through the adapter, and through a whole process's bootstrap."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.adapters.parameters import ParametersUnread, read_parameters
from chalicelib.settings import secret_names
from tests import moto_server

ROOT = Path(__file__).parents[2]
PATH = "/berth/dev/"
SHOW = """
from chalicelib import bootstrap
from chalicelib.settings import SettingsError
try:
    bootstrap.ports()
    print("started")
except SettingsError as error:
    print(error)
"""


def client_of(address: str | None = None) -> Any:
    """Return boto3's client for a parameter store."""
    return boto3.client(
        "ssm",
        endpoint_url=address,
        region_name="eu-central-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )


@pytest.fixture
def store() -> Iterator[str]:
    """The address of a parameter store."""
    with moto_server.serve("ssm") as address:
        yield address


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Below which a test has its secrets: moto's memory is the process's."""
    return f"/berth/{tmp_path.name}/"


def keep(address: str, path: str, **values: str) -> None:
    """Put secrets as the how-to does."""
    client = client_of(address)
    for name, value in values.items():
        client.put_parameter(Name=path + name, Value=value, Type="SecureString")
    client.close()


def start(address: str, path: str, **more: str) -> list[str]:
    """Start a control plane that has its secrets there, and return what it says."""
    environment = {
        "AWS_ENDPOINT_URL_SSM": address,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "BERTH_PUBLIC_URL": "https://berth.test",
        "BERTH_OIDC_ISSUER": "https://issuer.test",
        "BERTH_OIDC_CLIENT_ID": "berth",
        "BERTH_STORE": "sqlite::memory:",
        "BERTH_KMS_KEY": "alias/berth-dev",
        "BERTH_SECRETS": f"ssm:{path}",
        "PATH": os.environ["PATH"],
    }
    ran = subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=ROOT,
        env=environment | more,
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.splitlines()


def test_parameters_that_exist_are_read_in_one_request() -> None:
    """Of the names asked for, those that exist have their decrypted values; the others are left out."""
    with mock_aws():
        client = client_of()
        client.put_parameter(Name="/berth/dev/pepper", Value="p", Type="SecureString")
        client.put_parameter(Name="/berth/other/bootstrap_code", Value="c", Type="SecureString")

        found = read_parameters(client, PATH, secret_names())

    assert found == {"pepper": "p"}


def test_store_that_does_not_answer_is_said_to() -> None:
    """Without a store to reach, the error names the parameters that were wanted."""
    client = client_of("http://127.0.0.1:9")

    with pytest.raises(ParametersUnread, match="/berth/dev/pepper"):
        read_parameters(client, PATH, ["pepper"])
    client.close()


def test_process_starts_with_its_secrets_in_the_store(store: str, path: str) -> None:
    """A process without a secret in its environment starts, once the parameters are there."""
    told = start(store, path)
    keep(
        store,
        path,
        pepper="A" * 43 + "=",
        oidc_client_secret="s",
        bootstrap_code="0123456789abcdef",
    )

    assert [line.split()[1] for line in told[2:]] == ["BERTH_PEPPER", "BERTH_OIDC_CLIENT_SECRET"]
    assert start(store, path) == ["started"]


def test_what_is_wrong_in_the_store_is_told_without_its_value(store: str, path: str) -> None:
    """A pepper that is none is named by its setting, and is in no line of the log."""
    keep(store, path, pepper="hunter2", oidc_client_secret="s")

    told = "\n".join(start(store, path))

    assert "BERTH_PEPPER is not base64" in told
    assert "hunter2" not in told


def test_environment_wins_over_the_store(store: str, path: str) -> None:
    """A secret that is set in the environment is the one that holds."""
    keep(store, path, pepper="hunter2", oidc_client_secret="s")

    assert start(store, path, BERTH_PEPPER="A" * 43 + "=") == ["started"]


def test_refusal_says_what_the_role_needs() -> None:
    """Where the store cannot be read, the process says which right is missing, and does not start."""
    told = "\n".join(start("http://127.0.0.1:9", PATH))

    assert "BERTH_SECRETS cannot be read: /berth/dev/pepper, /berth/dev/oidc" in told
    assert "ssm:GetParameters" in told
    assert "started" not in told
