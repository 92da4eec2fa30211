"""The stored form of a devfile says the same as the devfile."""

import hashlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.devfile import Devfile, read
from tests.devfile.samples import MINIMAL


@settings(max_examples=50)
@given(st.from_type(Devfile))
def test_any_devfile_survives_storing(devfile: Devfile) -> None:
    """A devfile of any shape that the types allow is the same after JSON."""
    assert Devfile.from_canonical(json.loads(json.dumps(devfile.canonical()))) == devfile


def test_equal_devfiles_have_equal_digests() -> None:
    """What was checked, what is stored and what manifests are made of have one digest, however the text was laid out."""
    other = '{"components": [{"container": {"image": "debian:12"}, "name": "dev"}],'
    other += ' "metadata": {"name": "sample"}, "schemaVersion": "2.2.2"}'
    digests = {
        digest(read(MINIMAL)),
        digest(read(other)),
        digest(Devfile.from_canonical(read(MINIMAL).canonical())),
    }
    assert len(digests) == 1
    assert digest(read(MINIMAL.replace("12", "13"))) not in digests


def digest(devfile: Devfile) -> str:
    """The digest of the stored form."""
    return hashlib.sha256(json.dumps(devfile.canonical(), sort_keys=True).encode()).hexdigest()
