"""Sealing by AES-256-GCM (NIST SP 800-38D) under a data key that the master key wraps.

Each data key seals once, so a random nonce of 96 bits cannot meet itself again. Encryption and
digest have keys of their own, both derived from the data key (HKDF, RFC 5869).
"""

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from chalicelib.ports.clock import Chance
from chalicelib.ports.keys import Context, MasterKey
from chalicelib.ports.sealing import SealBroken, Sealed
from chalicelib.wire.canonical import canonical

_NONCE_BYTES = 12
_KEY_BYTES = 32


class AesGcmSealer:
    """Seals under data keys of one master key."""

    def __init__(self, keys: MasterKey, chance: Chance) -> None:
        self._keys = keys
        self._chance = chance

    def seal(self, plaintext: bytes, context: Context) -> Sealed:
        """See the port."""
        key = self._keys.make_data_key(context)
        nonce = self._chance.token(_NONCE_BYTES)
        box = AESGCM(_derived(key.plain, b"berth variables: encrypt"))
        digest = hmac.digest(
            _derived(key.plain, b"berth variables: digest"), plaintext, hashlib.sha256
        )
        return Sealed(
            wrapped_key=key.wrapped,
            ciphertext=nonce + box.encrypt(nonce, plaintext, canonical(dict(context))),
            digest=digest.hex(),
        )

    def open(self, sealed: Sealed, context: Context) -> bytes:
        """See the port."""
        plain = self._keys.open_data_key(sealed.wrapped_key, context)
        box = AESGCM(_derived(plain, b"berth variables: encrypt"))
        nonce, content = sealed.ciphertext[:_NONCE_BYTES], sealed.ciphertext[_NONCE_BYTES:]
        try:
            return box.decrypt(nonce, content, canonical(dict(context)))
        except (InvalidTag, ValueError) as error:
            raise SealBroken("sealed variables were altered or belong elsewhere") from error


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDFExpand(SHA256(), _KEY_BYTES, purpose).derive(key)
