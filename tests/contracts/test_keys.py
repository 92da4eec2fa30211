"""One suite for the master-key port, on every adapter: a local key file, KMS (moto's, and the emulated one)."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from chalicelib.adapters.keys.kms import KmsMasterKey
from chalicelib.adapters.keys.local import LocalMasterKey, read_key_file
from chalicelib.ports.keys import KeyRefused, MasterKey

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient

CONTEXT = {"organisation": "org-000000000001", "workspace": "ws-000000000001"}
OTHER = {**CONTEXT, "workspace": "ws-000000000002"}


@pytest.fixture(params=["local", "kms", pytest.param("emulated", marks=pytest.mark.deploy)])
def master(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MasterKey]:
    """Each adapter in turn."""
    if request.param == "local":
        yield LocalMasterKey(read_key_file(tmp_path / "master.key"))
        return
    if request.param == "emulated":
        yield KmsMasterKey(request.getfixturevalue("emulated").client("kms"), "alias/berth-dev")
        return
    with mock_aws():
        client: KMSClient = boto3.client("kms", region_name="eu-central-1")
        yield KmsMasterKey(client, client.create_key()["KeyMetadata"]["Arn"])


def test_a_wrapped_key_opens_under_its_context(master: MasterKey) -> None:
    """What was wrapped under a context opens under an equal one."""
    key = master.make_data_key(CONTEXT)

    assert len(key.plain) == 32
    assert master.open_data_key(key.wrapped, dict(reversed(CONTEXT.items()))) == key.plain


def test_no_two_data_keys_are_equal(master: MasterKey) -> None:
    """Each call makes a fresh key."""
    assert master.make_data_key(CONTEXT).plain != master.make_data_key(CONTEXT).plain


@pytest.mark.parametrize("context", [OTHER, {}, {**CONTEXT, "more": "x"}], ids=str)
def test_another_context_does_not_open_it(master: MasterKey, context: dict[str, str]) -> None:
    """A key of one workspace opens for no other."""
    key = master.make_data_key(CONTEXT)
    with pytest.raises(KeyRefused):
        master.open_data_key(key.wrapped, context)


def test_a_changed_wrapping_does_not_open(master: MasterKey) -> None:
    """One flipped bit in the wrapped key and it is refused."""
    wrapped = bytearray(master.make_data_key(CONTEXT).wrapped)
    wrapped[-1] ^= 1
    with pytest.raises(KeyRefused):
        master.open_data_key(bytes(wrapped), CONTEXT)


def test_a_data_key_is_not_in_its_text(master: MasterKey) -> None:
    """A data key that ends up in a log line tells nothing."""
    key = master.make_data_key(CONTEXT)

    assert repr(key.plain) not in repr(key)


def test_the_key_file_is_private_and_kept(tmp_path: Path) -> None:
    """The file is made once, readable by its owner alone, and read again after."""
    path = tmp_path / "master.key"
    first = read_key_file(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key_file(path) == first


def test_a_file_that_is_no_key_is_left_alone(tmp_path: Path) -> None:
    """A file of another length is refused, named, and never overwritten."""
    path = tmp_path / "master.key"
    path.write_bytes(b"short")
    with pytest.raises(ValueError, match=r"master\.key is no key file"):
        read_key_file(path)

    assert path.read_bytes() == b"short"
