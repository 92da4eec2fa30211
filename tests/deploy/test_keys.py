"""The emulated KMS: a contract of the emulator on which the sealing of variables stands."""

import pytest
from botocore.exceptions import ClientError

from berth_local.aws.emulator import Emulator

pytestmark = pytest.mark.deploy

CONTEXT = {"organisation": "org-1", "workspace": "ws-1"}


@pytest.fixture(scope="module")
def key(aws: Emulator) -> str:
    """A new key."""
    return str(aws.client("kms").create_key()["KeyMetadata"]["KeyId"])


def refusal(aws: Emulator, operation: str, **parameters: object) -> str:
    """Return the code with which KMS refuses."""
    with pytest.raises(ClientError) as refused:
        getattr(aws.client("kms"), operation)(**parameters)
    return str(refused.value.response["Error"]["Code"])


def test_a_data_key_comes_back_in_its_context(aws: Emulator, key: str) -> None:
    """A wrapped data key opens to the bytes that were given with it."""
    kms = aws.client("kms")
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=CONTEXT)

    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=CONTEXT)

    assert opened["Plaintext"] == made["Plaintext"]
    assert len(made["Plaintext"]) == 32


@pytest.mark.parametrize("context", [{}, {**CONTEXT, "workspace": "ws-2"}])
def test_another_context_opens_nothing(aws: Emulator, key: str, context: dict[str, str]) -> None:
    """The context is part of what is sealed."""
    made = aws.client("kms").encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=CONTEXT)

    refused = refusal(
        aws, "decrypt", CiphertextBlob=made["CiphertextBlob"], EncryptionContext=context
    )

    assert refused == "InvalidCiphertextException"


@pytest.mark.parametrize("place", [40, 70, -20, -1])
def test_an_altered_ciphertext_opens_nothing(aws: Emulator, key: str, place: int) -> None:
    """One flipped bit anywhere, and KMS refuses."""
    made = aws.client("kms").encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=CONTEXT)
    sealed = bytearray(made["CiphertextBlob"])
    sealed[place] ^= 1

    refused = refusal(aws, "decrypt", CiphertextBlob=bytes(sealed), EncryptionContext=CONTEXT)

    assert refused == "InvalidCiphertextException"


def test_another_key_opens_nothing(aws: Emulator, key: str) -> None:
    """Whoever names another key than the one that sealed is told so."""
    kms = aws.client("kms")
    made = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=CONTEXT)
    other = kms.create_key()["KeyMetadata"]["KeyId"]

    refused = refusal(
        aws,
        "decrypt",
        KeyId=other,
        CiphertextBlob=made["CiphertextBlob"],
        EncryptionContext=CONTEXT,
    )

    assert refused == "IncorrectKeyException"


@pytest.mark.parametrize("size, fits", [(4096, True), (4097, False)])
def test_a_plaintext_has_4096_bytes_at_most(
    aws: Emulator, key: str, size: int, *, fits: bool
) -> None:
    """What is larger must be sealed under a data key."""
    parameters = {"KeyId": key, "Plaintext": b"x" * size}

    if fits:
        assert aws.client("kms").encrypt(**parameters)["CiphertextBlob"]
    else:
        assert refusal(aws, "encrypt", **parameters) == "ValidationException"
