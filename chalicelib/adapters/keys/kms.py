"""A master key in AWS KMS; it never leaves there."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.ports.keys import Context, DataKey, KeyRefused, KeyServiceBusy

if TYPE_CHECKING:
    from types_boto3_kms import KMSClient

_REFUSED = frozenset(
    {"AccessDeniedException", "IncorrectKeyException", "InvalidCiphertextException"}
)


def _translated(error: ClientError | BotoCoreError) -> Exception:
    if isinstance(error, ClientError) and error.response["Error"]["Code"] in _REFUSED:
        return KeyRefused("the wrapped key is of another master key or another context")
    return KeyServiceBusy(str(error))


class KmsMasterKey:
    """Data keys by ``GenerateDataKey`` and ``Decrypt`` under the encryption context."""

    def __init__(self, client: "KMSClient", key_id: str) -> None:
        self._client = client
        self._key_id = key_id

    def make_data_key(self, context: Context) -> DataKey:
        """See the port."""
        try:
            made = self._client.generate_data_key(
                KeyId=self._key_id, KeySpec="AES_256", EncryptionContext=dict(context)
            )
        except (ClientError, BotoCoreError) as error:
            raise _translated(error) from error
        return DataKey(made["Plaintext"], made["CiphertextBlob"])

    def open_data_key(self, wrapped: bytes, context: Context) -> bytes:
        """See the port."""
        try:
            opened = self._client.decrypt(
                KeyId=self._key_id,
                CiphertextBlob=wrapped,
                EncryptionContext=dict(context),
            )
        except (ClientError, BotoCoreError) as error:
            raise _translated(error) from error
        return opened["Plaintext"]
