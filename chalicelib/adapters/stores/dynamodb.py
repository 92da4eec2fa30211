"""The store on one DynamoDB table: partition key ``pk``, sort key ``sk``, time to live ``expires``."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.stores.expressions import (
    PARTITION,
    SORT,
    item_of,
    key_item,
    request_of,
)
from chalicelib.adapters.stores.limits import (
    check_batch,
    check_item,
    check_transaction,
    key_of,
)
from chalicelib.ports.store import (
    Check,
    ConditionFailed,
    Delete,
    Item,
    ItemTooLarge,
    Key,
    Page,
    Put,
    StoreBusy,
    StoreUnanswered,
    Update,
    Write,
)

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_BUSY = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionConflictException",
    }
)
_UNANSWERED = frozenset(
    {"InternalServerError", "ServiceUnavailable", "TransactionInProgressException"}
)
_BUSY_REASONS = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)
_BEYOND_ANY = "\U0010ffff"


def _translated(error: ClientError, writes: Sequence[Write]) -> Exception:
    """Return the port's word for what DynamoDB refused."""
    code = error.response["Error"]["Code"]
    text = error.response["Error"].get("Message", "")
    if code == "ConditionalCheckFailedException":
        return ConditionFailed(0, key_of(writes[0]))
    if code == "TransactionCanceledException":
        reasons = [reason.get("Code") for reason in error.response["CancellationReasons"]]
        if "ConditionalCheckFailed" in reasons:
            index = reasons.index("ConditionalCheckFailed")
            return ConditionFailed(index, key_of(writes[index]))
        if _BUSY_REASONS.intersection(reasons):
            return StoreBusy(text)
    if code in _BUSY:
        return StoreBusy(f"{code}: {text}")
    if code in _UNANSWERED:
        return StoreUnanswered(f"{code}: {text}")
    if code == "ValidationException" and "size" in text.lower():
        return ItemTooLarge(text)
    return error


@contextmanager
def _translating(writes: Sequence[Write] = ()) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise _translated(error, writes) from error
    except BotoCoreError as error:
        raise StoreUnanswered(str(error)) from error


class DynamoStore:
    """Strongly consistent reads, conditional writes. The client retries what is safe to retry."""

    def __init__(
        self, client: "DynamoDBClient", table: str, *, now: Callable[[], float] = time
    ) -> None:
        self._client = client
        self._table = table
        self._now = now

    def get(self, key: Key) -> Item | None:
        """See the port."""
        with _translating():
            found = self._client.get_item(
                TableName=self._table, Key=key_item(key), ConsistentRead=True
            )
        return self._alive(found.get("Item"))

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """See the port."""
        check_batch(keys)
        wanted: Any = [key_item(key) for key in keys]
        items: dict[Key, Item] = {}
        while wanted:
            with _translating():
                found = self._client.batch_get_item(
                    RequestItems={self._table: {"Keys": wanted, "ConsistentRead": True}}
                )
            alive = map(self._alive, found["Responses"].get(self._table, []))
            items.update((item.key, item) for item in alive if item is not None)
            left = found.get("UnprocessedKeys", {})
            wanted = left[self._table]["Keys"] if self._table in left else None
        return items

    def query(
        self,
        partition: str,
        *,
        prefix: str = "",
        after: str | None = None,
        limit: int | None = None,
        descending: bool = False,
    ) -> Page:
        """See the port."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "ConsistentRead": True,
            "ScanIndexForward": not descending,
            "KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :low AND :high",
            "ExpressionAttributeNames": {"#pk": PARTITION, "#sk": SORT},
            "ExpressionAttributeValues": {
                ":pk": {"S": partition},
                ":low": {"S": prefix or "\x00"},
                ":high": {"S": prefix + _BEYOND_ANY},
            },
        }
        if limit is not None:
            request["Limit"] = limit
        if after is not None:
            request["ExclusiveStartKey"] = key_item(Key(partition, after))
        with _translating():
            found = self._client.query(**request)
        items = tuple(item for item in map(self._alive, found["Items"]) if item is not None)
        last = found.get("LastEvaluatedKey")
        return Page(items, None if last is None else last[SORT]["S"])

    def write(self, write: Write) -> None:
        """See the port."""
        if isinstance(write, Check):
            self.transact([write])
            return
        if isinstance(write, Put):
            check_item(write.item)
        _, request = request_of(self._table, write, int(self._now()))
        with _translating([write]):
            match write:
                case Put():
                    self._client.put_item(**request)
                case Update():
                    self._client.update_item(**request)
                case Delete():
                    self._client.delete_item(**request)

    def transact(self, writes: Iterable[Write]) -> None:
        """See the port."""
        chosen = list(writes)
        check_transaction(chosen)
        for write in chosen:
            if isinstance(write, Put):
                check_item(write.item)
        now = int(self._now())
        operations: Any = [dict([request_of(self._table, write, now)]) for write in chosen]
        with _translating(chosen):
            self._client.transact_write_items(TransactItems=operations)

    def _alive(self, found: Mapping[str, Any] | None) -> Item | None:
        if found is None:
            return None
        item = item_of(found)
        return None if item.expires is not None and item.expires <= self._now() else item
