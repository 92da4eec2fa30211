"""KMS whose ciphertexts cannot be altered, and that takes no more than 4,096 bytes.

MiniStack's cipher is an exclusive or: a flipped bit decrypts to a flipped bit, and another key to other bytes.
Here each ciphertext carries a message authentication code under its key; without it, or with another, KMS says
InvalidCiphertextException, and to whoever names another key, IncorrectKeyException. Symmetric keys alone.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from berth_local.aws.launcher import seams

MAX_PLAINTEXT_BYTES = 4096
_KEY_ID_BYTES = 36
"""A ciphertext begins with the id of its key."""
_CODE_BYTES = 16

Request = Mapping[str, Any]
Answer = tuple[int, Any, bytes]
Operation = Callable[[Request], Answer]


def install() -> None:
    """Put the codes on and check them."""
    encrypt_before, decrypt_before = seams.ENCRYPT.value, seams.DECRYPT.value

    def encrypt(data: Request) -> Answer:
        if len(base64.b64decode(data.get("Plaintext") or "")) > MAX_PLAINTEXT_BYTES:
            return _refusal(
                "ValidationException",
                "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: "
                f"Member must have length less than or equal to {MAX_PLAINTEXT_BYTES}",
            )
        return _with_code(encrypt_before(data))

    def decrypt(data: Request) -> Answer:
        sealed = base64.b64decode(data.get("CiphertextBlob") or "")
        content, code = sealed[:-_CODE_BYTES], sealed[-_CODE_BYTES:]
        expected = _code(content[:_KEY_ID_BYTES].decode(errors="replace"), content)
        if expected is None or not hmac.compare_digest(expected, code):
            return _refusal("InvalidCiphertextException", "")
        if not _is_of(content, data.get("KeyId")):
            return _refusal(
                "IncorrectKeyException",
                "The key ID in the request does not identify a CMK that can perform this operation.",
            )
        answer: Answer = decrypt_before(
            {**data, "CiphertextBlob": base64.b64encode(content).decode()}
        )
        return answer

    seams.ENCRYPT.replace(encrypt)
    seams.DECRYPT.replace(decrypt)
    for seam in (seams.DATA_KEY, seams.SEALED_DATA_KEY):
        seam.replace(_sealing(seam.value))


def _sealing(operation: Operation) -> Operation:
    return lambda data: _with_code(operation(data))


def _with_code(answer: Answer) -> Answer:
    status, headers, body = answer
    said = json.loads(body)
    if status != 200 or "CiphertextBlob" not in said:
        return answer
    content = base64.b64decode(said["CiphertextBlob"])
    code = _code(said["KeyId"], content)
    assert code is not None, "the key has just been used"
    said["CiphertextBlob"] = base64.b64encode(content + code).decode()
    return status, headers, json.dumps(said).encode()


def _code(key_id: str, content: bytes) -> bytes | None:
    key = seams.FIND_KEY.value(key_id)
    if key is None or "_symmetric_key" not in key:
        return None
    return hmac.new(key["_symmetric_key"], content, hashlib.sha256).digest()[:_CODE_BYTES]


def _is_of(content: bytes, named: str | None) -> bool:
    """Whether the ciphertext is of the key that the request names; it may name none."""
    if not named:
        return True
    key = seams.FIND_KEY.value(named)
    return key is None or key["KeyId"].encode() == content[:_KEY_ID_BYTES]


def _refusal(code: str, message: str) -> Answer:
    answer: Answer = seams.KEY_ERROR.value(code, message, 400)
    return answer
