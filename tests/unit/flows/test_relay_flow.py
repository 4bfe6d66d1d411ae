"""The outbox, from what a step posts, through the stream's own form, to queues and bus."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from driftless.flows.relay import relay
from driftless.outlets import events
from driftless.outlets.events import Bus
from driftless.record import outbox
from driftless.record.outbox import Letter
from driftless.vocabulary.errors import Unavailable
from functions.relay import app
from tests.unit.flows.cloud import NOW, Cloud

RECORDED = json.loads((Path(__file__).parents[3] / "events/relay.json").read_text())


class Remembered(Bus):
    def __init__(self) -> None:
        super().__init__("bus")
        self.requests: list[list[dict[str, str]]] = []
        self.down = False

    def _put(self, entries: list[dict[str, str]]) -> None:
        if self.down:
            raise Unavailable("the EventBridge bus is not answering")
        self.requests.append(entries)


@pytest.fixture
def bus() -> Remembered:
    return Remembered()


def streamed(cloud: Cloud, *letters: Letter) -> list[dict[str, Any]]:
    """The records that the table's stream would give for these letters."""
    records = []
    for number, letter in enumerate(letters):
        write = outbox.post("payments", 7, number, letter, NOW)
        cloud.world.table.write(write)
        assert write.item is not None
        key = {"pk": {"S": write.item["pk"]}, "sk": {"S": write.item["sk"]}}
        item = boto3.client("dynamodb").get_item(TableName="driftless", Key=key)["Item"]
        records.append({"dynamodb": {"SequenceNumber": f"s{number}", "NewImage": item}})
    return records


def test_letters_go_where_they_are_addressed_with_their_delays(cloud: Cloud, bus: Remembered) -> None:
    records = streamed(
        cloud,
        Letter("sync", {"application": "payments"}, 5),
        Letter("fetch", {"repository": "r"}),
        Letter("events", {"type": "SyncSucceeded", "detail": {"application": "payments"}}),
    )
    assert relay(records, cloud.world, lambda: bus) == []
    assert cloud.sync_queue.items == [({"application": "payments"}, 5)]
    assert cloud.fetch_queue.items == [({"repository": "r"}, 0)]
    [[entry]] = bus.requests
    assert (entry["Source"], entry["DetailType"], entry["EventBusName"]) == ("driftless", "SyncSucceeded", "bus")
    assert json.loads(entry["Detail"]) == {"application": "payments"}


def test_a_hundred_letters_are_ten_requests_in_their_order(cloud: Cloud, bus: Remembered) -> None:
    records = streamed(cloud, *(Letter("sync", {"application": f"a{n}"}) for n in range(100)))
    cloud.fuse.touches = 0
    relay(records, cloud.world, lambda: bus)
    assert cloud.fuse.touches == 10
    assert [m["application"] for m in cloud.sync_queue.take()] == [f"a{n}" for n in range(100)]


def test_an_address_that_is_down_keeps_its_own_letters_alone(cloud: Cloud, bus: Remembered) -> None:
    bus.down = True
    event = Letter("events", {"type": "SyncFailed", "detail": {}})
    records = streamed(cloud, event, Letter("sync", {"application": "payments"}), event)
    assert relay(records, cloud.world, lambda: bus) == ["s0", "s2"]
    assert cloud.woken() == ["payments"]


@pytest.mark.parametrize(
    "image",
    [
        {},
        {"to": {"S": "sync"}, "message": {"S": "{"}, "delay": {"N": "0"}},
        {"to": {"S": "nowhere"}, "message": {"S": "{}"}, "delay": {"N": "0"}},
        {"to": {"N": "1"}, "message": {"S": "{}"}, "delay": {"N": "x"}},
    ],
)
def test_a_letter_that_nobody_can_read_does_not_hold_up_the_others(
    cloud: Cloud, bus: Remembered, image: dict[str, Any]
) -> None:
    broken = {"dynamodb": {"SequenceNumber": "broken", "NewImage": image}}
    records = [broken, *streamed(cloud, Letter("sync", {"application": "payments"}))]
    assert relay(records, cloud.world, lambda: bus) == []
    assert cloud.woken() == ["payments"]


def test_an_event_without_a_type_is_passed_over(cloud: Cloud, bus: Remembered) -> None:
    assert relay(streamed(cloud, Letter("events", {"detail": {}})), cloud.world, lambda: bus) == []
    assert bus.requests == []


def test_the_door_answers_with_what_must_come_again(
    cloud: Cloud, bus: Remembered, monkeypatch: pytest.MonkeyPatch
) -> None:
    context: Any = SimpleNamespace(
        function_name="relay", memory_limit_in_mb=256, invoked_function_arn="arn", aws_request_id="1"
    )
    monkeypatch.setattr(app.counts, "namespace", "Driftless")
    monkeypatch.setattr(app, "world", lambda: cloud.world)
    monkeypatch.setattr(app, "bus", lambda: bus)
    assert app.handler(RECORDED, context) == {"batchItemFailures": []}
    assert cloud.sync_queue.items == [({"application": "payments", "cause": "continue"}, 5)]
    bus.down = True
    again = [{"itemIdentifier": "4421584500000000017450439092"}]
    assert app.handler(RECORDED, context) == {"batchItemFailures": again}


# ---- the bus ---------------------------------------------------------------------------------------------------------


def test_events_are_put_ten_at_a_time_and_never_too_large(bus: Remembered, monkeypatch: pytest.MonkeyPatch) -> None:
    bus.put([("Kind", {"n": n}) for n in range(23)])
    assert [len(request) for request in bus.requests] == [10, 10, 3]
    bus.requests.clear()
    monkeypatch.setattr(events, "MAX_DETAIL_BYTES", 30)
    bus.put([("Kind", {"text": "x" * 10}) for _ in range(3)])
    assert [len(request) for request in bus.requests] == [1, 1, 1]


def test_a_bus_takes_events_and_one_that_is_not_there_says_so(cloud: Cloud) -> None:
    boto3.client("events").create_event_bus(Name="driftless")
    Bus("driftless").put([("SyncSucceeded", {"application": "payments"})])
    with pytest.raises(Exception, match="ResourceNotFoundException"):
        Bus("another").put([("SyncSucceeded", {})])
