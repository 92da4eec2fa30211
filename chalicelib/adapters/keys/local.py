"""A master key in a local file, for the one-process mode.

Data keys are wrapped by AES-256-GCM with the canonical context as associated data.
"""

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chalicelib.ports.keys import Context, DataKey, KeyRefused
from chalicelib.wire.canonical import canonical

_KEY_BYTES = 32
_NONCE_BYTES = 12


def read_key_file(path: Path) -> bytes:
    """Return the key of the file, making the file (mode 0600) when there is none.

    Raises ValueError when the file is not a key of 32 bytes: it is never overwritten.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_bytes()
    else:
        key = secrets.token_bytes(_KEY_BYTES)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
    if len(key) != _KEY_BYTES:
        message = f"{path} is no key file: it has {len(key)} bytes, not {_KEY_BYTES}"
        raise ValueError(message)
    return key


class LocalMasterKey:
    """Wraps data keys under one 256-bit key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def make_data_key(self, context: Context) -> DataKey:
        """See the port."""
        plain, nonce = (
            secrets.token_bytes(_KEY_BYTES),
            secrets.token_bytes(_NONCE_BYTES),
        )
        sealed = self._cipher.encrypt(nonce, plain, canonical(dict(context)))
        return DataKey(plain, nonce + sealed)

    def open_data_key(self, wrapped: bytes, context: Context) -> bytes:
        """See the port."""
        nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, sealed, canonical(dict(context)))
        except (InvalidTag, ValueError) as error:
            message = "the wrapped key is of another master key or another context"
            raise KeyRefused(message) from error
