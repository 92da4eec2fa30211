"""Wake-ups by Amazon SQS: a standard queue for each agent, which the agent asks by a signed address.

A message is a hint without content, so nobody deletes one: received, it stays hidden for longer than
the queue keeps it, and what nobody received is gone after a minute.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.ports.waker import WakerFailed
from chalicelib.wire.reconcile import WakeChannel

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.literals import QueueAttributeNameType

GOOD_SECONDS = 3600
"""Of a signed address. The role's own credentials may end sooner: then it is refused, and the agent
asks for another."""
WAIT_SECONDS = 20
"""How long the queue holds a question; Amazon SQS takes no more."""

_ATTRIBUTES: "dict[QueueAttributeNameType, str]" = {
    "MessageRetentionPeriod": "60",
    "VisibilityTimeout": "120",
    "SqsManagedSseEnabled": "true",
}
_QUESTION = {
    "Action": "ReceiveMessage",
    "MaxNumberOfMessages": "10",
    "Version": "2012-11-05",
}
"""Ten at once: many wishes are one wake-up."""

_ABSENT = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})


class QueueWaker:
    """``prefix`` begins the names of the queues; ``credentials`` are those of the control plane."""

    def __init__(
        self,
        client: "SQSClient",
        prefix: str,
        credentials: "Callable[[], Credentials | None]",
        wait: int = WAIT_SECONDS,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._credentials = credentials
        self._question = {**_QUESTION, "WaitTimeSeconds": str(wait)}
        self._addresses: dict[str, str] = {}

    def wake(self, agent_id: str) -> None:
        """See the port. Without a queue nobody listens yet."""
        try:
            self._client.send_message(QueueUrl=self._address(agent_id), MessageBody="wake")
        except (ClientError, BotoCoreError) as error:
            self._addresses.pop(agent_id, None)
            if not _is_absent(error):
                raise WakerFailed(f"no wake-up: {error}") from error

    def channel(self, agent_id: str) -> WakeChannel:
        """See the port. Makes the queue."""
        try:
            made = self._client.create_queue(QueueName=self._name(agent_id), Attributes=_ATTRIBUTES)
        except (ClientError, BotoCoreError) as error:
            raise WakerFailed(f"no queue: {error}") from error
        self._addresses[agent_id] = made["QueueUrl"]
        signed = self._signed(made["QueueUrl"])
        return WakeChannel(kind="queue", url=signed, seconds=GOOD_SECONDS)

    def hold(self, agent_id: str, seconds: float) -> None:
        """See the port: the queue holds the question, and nobody pays for a function that waits."""

    def forget(self, agent_id: str) -> None:
        """See the port."""
        try:
            self._client.delete_queue(QueueUrl=self._address(agent_id))
        except (ClientError, BotoCoreError) as error:
            if not _is_absent(error):
                raise WakerFailed(f"the queue stays: {error}") from error
        self._addresses.pop(agent_id, None)

    def _address(self, agent_id: str) -> str:
        if agent_id not in self._addresses:
            found = self._client.get_queue_url(QueueName=self._name(agent_id))
            self._addresses[agent_id] = found["QueueUrl"]
        return self._addresses[agent_id]

    def _name(self, agent_id: str) -> str:
        return f"{self._prefix}{agent_id}"

    def _signed(self, queue: str) -> str:
        """Return the address of one question, which its holder can change in nothing (AWS Signature
        Version 4 by query parameters)."""
        request = AWSRequest("GET", queue, params=self._question)
        region, credentials = self._client.meta.region_name, self._credentials()
        if credentials is None:
            raise WakerFailed("the control plane has no credentials to sign with")
        SigV4QueryAuth(credentials, "sqs", region, expires=GOOD_SECONDS).add_auth(request)
        address: str = request.prepare().url
        return address


def _is_absent(error: ClientError | BotoCoreError) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in _ABSENT
