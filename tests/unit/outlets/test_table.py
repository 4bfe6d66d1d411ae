"""The table outlet: items in and out, writes all or none, failures by meaning."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

from driftless.outlets import table
from driftless.outlets.table import ConditionFailed, Table
from driftless.vocabulary.errors import TooLarge, Unavailable
from tests.unit.record.mocked import Mocked


def fill(here: Mocked, *sort_keys: str, **values: Any) -> None:
    for sk in sort_keys:
        here.table.write(table.put({**table.key("P", sk), **values}))


def keys(here: Mocked, **query: Any) -> list[str]:
    return [item["sk"] for item in here.table.query("P", **query)]


@pytest.mark.parametrize("value", ["text", "", 7, 0, -1, 2**40, True, b"\x00\xff", ["a"], {"a": "b"}], ids=repr)
def test_a_value_comes_back_as_it_was_put(here: Mocked, value: Any) -> None:
    fill(here, "a", value=value)
    got = here.item("P", "a")["value"]
    assert got == value and type(got) is type(value)


def test_none_is_not_stored(here: Mocked) -> None:
    fill(here, "a", value=None)
    assert here.item("P", "a") == table.key("P", "a")


@pytest.mark.parametrize("sizes", [(1100, 1), (10, 420_000)], ids=["a key", "an item"])
@pytest.mark.parametrize("together", [1, 2])
def test_what_is_over_the_tables_size_is_too_large(here: Mocked, sizes: tuple[int, int], together: int) -> None:
    writes = [table.put({**table.key("P", "k" * sizes[0] + str(n)), "v": "x" * sizes[1]}) for n in range(together)]
    with pytest.raises(TooLarge):
        here.table.write(*writes)


def test_what_is_not_there_is_none(here: Mocked) -> None:
    assert here.table.get("P", "a") is None


class TestQuery:
    def test_one_partition_in_order(self, here: Mocked) -> None:
        fill(here, "b", "a", "c")
        here.table.write(table.put(table.key("OTHER", "a")))
        assert keys(here) == ["a", "b", "c"]
        assert keys(here, newest_first=True, limit=2) == ["c", "b"]

    def test_by_prefix(self, here: Mocked) -> None:
        fill(here, "a1", "a2", "b1")
        assert keys(here, prefix="a") == ["a1", "a2"]

    def test_only_the_attributes_that_were_asked_for_reserved_words_included(self, here: Mocked) -> None:
        fill(here, "a", status="x", body="y")
        assert here.table.query("P", only="sk, status") == [{"sk": "a", "status": "x"}]

    def test_all_pages_are_read(self, here: Mocked) -> None:
        fill(here, *(f"{n:02}" for n in range(12)), filler="x" * 200_000)
        assert len(keys(here)) == 12

    @pytest.mark.parametrize("limit", [1, 5, 8, 12, 20])
    def test_a_limit_holds_over_pages(self, here: Mocked, limit: int) -> None:
        fill(here, *(f"{n:02}" for n in range(12)), filler="x" * 200_000)
        assert len(keys(here, limit=limit)) == min(limit, 12)


class TestWrite:
    def test_a_refused_condition_says_what_is_there(self, here: Mocked) -> None:
        fill(here, "a", value=1)
        with pytest.raises(ConditionFailed) as refused:
            here.table.write(table.put(table.key("P", "a"), "attribute_not_exists(pk)"))
        assert refused.value.item == {**table.key("P", "a"), "value": 1}

    def test_a_condition_on_nothing_finds_nothing(self, here: Mocked) -> None:
        with pytest.raises(ConditionFailed) as refused:
            here.table.write(table.update(table.key("P", "a"), "SET v = :v", "attribute_exists(pk)", v=1))
        assert refused.value.item is None

    def test_an_update_returns_the_item_as_it_is_after_it(self, here: Mocked) -> None:
        fill(here, "a", value=1)
        after = here.table.write(table.update(table.key("P", "a"), "ADD amount :one", one=1), returning=True)
        assert after == {**table.key("P", "a"), "value": 1, "amount": 1}

    def test_a_transaction_is_all_or_nothing_and_names_the_refused_part(self, here: Mocked) -> None:
        fill(here, "b")
        with pytest.raises(ConditionFailed) as refused:
            here.table.write(table.put(table.key("P", "a")), table.put(table.key("P", "b"), "attribute_not_exists(pk)"))
        assert refused.value.index == 1
        assert keys(here) == ["b"]

    def test_a_transaction_puts_updates_and_deletes(self, here: Mocked) -> None:
        fill(here, "old", "counted")
        here.table.write(
            table.put(table.key("P", "new")),
            table.update(table.key("P", "counted"), "ADD times :one", one=1),
            table.delete(table.key("P", "old"), "attribute_exists(pk)"),
        )
        assert keys(here) == ["counted", "new"] and here.item("P", "counted")["times"] == 1


class Broken:
    """A DynamoDB client whose every call fails in one way."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, operation: str) -> Any:
        def call(**request: Any) -> None:
            raise self.error

        return call


def answered(code: str, **more: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "-"}, **more}, "GetItem")  # type: ignore[typeddict-item]


def broken(here: Mocked, error: Exception) -> Table:
    here.table._client = Broken(error)
    return here.table


@pytest.mark.parametrize(
    "error",
    [
        answered("ProvisionedThroughputExceededException"),
        answered("ThrottlingException"),
        answered("RequestLimitExceeded"),
        answered("InternalServerError"),
        answered("TransactionConflictException"),
        answered("TransactionCanceledException", CancellationReasons=[{"Code": "TransactionConflict"}]),
        EndpointConnectionError(endpoint_url="http://x"),
        ConnectTimeoutError(endpoint_url="http://x"),
    ],
    ids=lambda e: e.response["Error"]["Code"] if isinstance(e, ClientError) else type(e).__name__,
)
def test_down_slow_and_throttling_are_unavailable(here: Mocked, error: Exception) -> None:
    with pytest.raises(Unavailable):
        broken(here, error).get("P", "a")


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException", "ResourceNotFoundException"])
def test_a_fault_of_ours_is_not_called_unavailable(here: Mocked, code: str) -> None:
    with pytest.raises(ClientError, match=code):
        broken(here, answered(code)).get("P", "a")


def test_a_condition_beside_a_conflict_is_a_refused_condition(here: Mocked) -> None:
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed"}]
    with pytest.raises(ConditionFailed) as refused:
        broken(here, answered("TransactionCanceledException", CancellationReasons=reasons)).get("P", "a")
    assert refused.value.index == 1
