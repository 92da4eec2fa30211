"""Secrets in the parameter store of AWS Systems Manager: one parameter (``SecureString``) for each."""

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError


class ParametersUnread(Exception):
    """The store refused or did not answer; the message names no value."""


def read_parameters(client: Any, path: str, names: Sequence[str]) -> dict[str, str]:
    """Return the values of those parameters ``<path><name>`` that exist, by name; ten names at most.

    ``client`` is boto3's for ``ssm``. Raises ParametersUnread.
    """
    wanted = [path + name for name in names]
    try:
        found = client.get_parameters(Names=wanted, WithDecryption=True)
    except (ClientError, BotoCoreError) as error:
        raise ParametersUnread(f"{', '.join(wanted)}: {error}") from error
    return {each["Name"].removeprefix(path): each["Value"] for each in found["Parameters"]}
