"""The DynamoDB table: items in and out as plain dicts, conditions as expressions, failures by meaning.

Every read is consistent. A refused condition is `ConditionFailed`; a table that is down or throttling is Unavailable;
a key over 1 KB or an item over 400 KB, which only input can make, is TooLarge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from driftless.outlets import aws, settings
from driftless.vocabulary.errors import DriftlessError, TooLarge, Unavailable

Item = dict[str, Any]


class ConditionFailed(DriftlessError):
    """The item was not as the writer expected. `index` is the refused part of a transaction; `item` what is there."""

    def __init__(self, index: int = 0, item: Item | None = None) -> None:
        super().__init__("the item in the table is not as expected: another writer was faster")
        self.index = index
        self.item = item


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a transaction: `put` an item, or `update`/`delete`/`check` the item at `key`."""

    kind: str
    item: Item | None = None
    key: Item | None = None
    update: str = ""
    condition: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


def key(pk: str, sk: str) -> Item:
    return {"pk": pk, "sk": sk}


def put(item: Item, condition: str = "", values: Mapping[str, Any] | None = None) -> Write:
    return Write("Put", item=item, condition=condition, values=values or {})


def update(at: Item, expression: str, condition: str = "", **values: Any) -> Write:
    """`values` become `:name` in the expressions; attribute names must not be reserved words."""
    return Write("Update", key=at, update=expression, condition=condition, values=values)


def delete(at: Item, condition: str = "", **values: Any) -> Write:
    return Write("Delete", key=at, condition=condition, values=values)


class Table:
    """One DynamoDB table. `name` defaults to the function's own."""

    def __init__(self, name: str | None = None) -> None:
        from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

        self.name = name or settings.table()
        self._client = aws.client("dynamodb")
        self._serialize = TypeSerializer().serialize
        self._deserialize = TypeDeserializer().deserialize

    def get(self, pk: str, sk: str) -> Item | None:
        answer = self._call("get_item", Key=self._out(key(pk, sk)), ConsistentRead=True)
        return self._in(answer["Item"]) if "Item" in answer else None

    def query(
        self, pk: str, *, prefix: str = "", newest_first: bool = False, limit: int = 0, only: str = ""
    ) -> list[Item]:
        """All items of one partition, in order of `sk`; `only` is a comma list of attributes to read."""
        return list(self._pages(pk, prefix, newest_first, limit, only))

    def write(self, *writes: Write, returning: bool = False) -> Item | None:
        """Carry out the writes, all or none. `returning` (one update only) gives the item as it is after it."""
        if len(writes) == 1:
            return self._single(writes[0], returning)
        self._call("transact_write_items", TransactItems=[{w.kind: self._request(w)} for w in writes])
        return None

    def _single(self, write: Write, returning: bool) -> Item | None:
        request = self._request(write)
        if write.condition:
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if returning:
            request["ReturnValues"] = "ALL_NEW"
        answer = self._call(f"{write.kind.lower()}_item", **{k: v for k, v in request.items() if k != "TableName"})
        return self._in(answer["Attributes"]) if returning else None

    def _pages(self, pk: str, prefix: str, newest_first: bool, limit: int, only: str) -> Iterator[Item]:
        condition = "pk = :pk" + (" AND begins_with(sk, :prefix)" if prefix else "")
        values = {":pk": pk} | ({":prefix": prefix} if prefix else {})
        request: dict[str, Any] = {
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": self._out(values),
            "ConsistentRead": True,
            "ScanIndexForward": not newest_first,
        }
        if only:
            names = {f"#{i}": name.strip() for i, name in enumerate(only.split(","))}
            request |= {"ProjectionExpression": ",".join(names), "ExpressionAttributeNames": names}
        if limit:
            request["Limit"] = limit
        left = limit
        while True:
            answer = self._call("query", **request)
            yield from (self._in(item) for item in answer["Items"])
            left -= len(answer["Items"])
            if "LastEvaluatedKey" not in answer or (limit and left <= 0):
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
            request |= {"Limit": left} if limit else {}

    def _request(self, write: Write) -> dict[str, Any]:
        request: dict[str, Any] = {"TableName": self.name}
        if write.item is not None:
            request["Item"] = self._out(write.item)
        if write.key is not None:
            request["Key"] = self._out(write.key)
        if write.update:
            request["UpdateExpression"] = write.update
        if write.condition:
            request["ConditionExpression"] = write.condition
        if write.values:
            request["ExpressionAttributeValues"] = self._out({f":{k}": v for k, v in write.values.items()})
        if write.names:
            request["ExpressionAttributeNames"] = dict(write.names)
        return request

    def _call(self, operation: str, **request: Any) -> Any:
        if operation != "transact_write_items":
            request["TableName"] = self.name
        try:
            return getattr(self._client, operation)(**request)
        except Exception as error:
            raise self._meaning(error) from error

    def _meaning(self, error: Exception) -> Exception:
        code = aws.error_code(error)
        response: Any = getattr(error, "response", {})
        if code == "ConditionalCheckFailedException":
            return ConditionFailed(item=self._in(response["Item"]) if response.get("Item") else None)
        if code == "ValidationException" and _is_about_size((response.get("Error") or {}).get("Message")):
            return _too_large()
        if code == "TransactionCanceledException":
            reasons: Sequence[Mapping[str, Any]] = response.get("CancellationReasons", ())
            for index, reason in enumerate(reasons):
                if reason.get("Code") == "ConditionalCheckFailed":
                    return ConditionFailed(index)
            if any(_is_about_size(reason.get("Message")) for reason in reasons):
                return _too_large()
            return Unavailable("the DynamoDB table cancelled a transaction: others write the same items")
        return aws.unavailable(error, f"the DynamoDB table {self.name}") or error

    def _out(self, item: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._serialize(value) for name, value in item.items() if value is not None}

    def _in(self, item: Mapping[str, Any]) -> Item:
        return {name: _plain(self._deserialize(value)) for name, value in item.items()}


def _is_about_size(message: Any) -> bool:
    return "size" in str(message).lower() and "exceeded" in str(message).lower()


def _too_large() -> TooLarge:
    return TooLarge("a name here, or all of it together, is longer than the table can keep", hint="make it shorter")


def _plain(value: Any) -> Any:
    """boto3 answers numbers as Decimal and binary as a wrapper; ours are whole numbers and bytes."""
    kind = type(value).__name__
    if kind == "Decimal":
        return int(value)
    return bytes(value.value) if kind == "Binary" else value
