"""SQS: messages out, ten a request, at most fifteen minutes late, and never lost in silence."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from driftless.outlets import aws
from driftless.outlets.queue import Queue
from driftless.vocabulary.errors import Unavailable
from tests.unit.record.mocked import Mocked


class Recording:
    """An SQS client that keeps what it is given and refuses what it is told to."""

    def __init__(self, failed: int = 0) -> None:
        self.requests: list[list[dict[str, Any]]] = []
        self.failed = failed

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.requests.append(Entries)
        return {"Failed": [{"Id": "0"}] * self.failed}


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> Recording:
    client = Recording()
    monkeypatch.setattr(aws, "client", lambda service: client)
    return client


def test_a_message_arrives_as_it_was_sent(here: Mocked) -> None:
    here.world.sync_queue().send({"application": "zahlung-ü", "cause": "go on"})
    assert here.sent("sync") == [{"application": "zahlung-ü", "cause": "go on"}]


def test_many_messages_all_arrive(here: Mocked) -> None:
    here.world.sync_queue().send_all([({"number": n}, 0) for n in range(23)])
    assert sorted(m["number"] for m in here.sent("sync")) == list(range(23))


@pytest.mark.parametrize(("count", "batches"), [(0, []), (1, [1]), (10, [10]), (23, [10, 10, 3])])
def test_ten_go_in_one_request(recording: Recording, count: int, batches: list[int]) -> None:
    Queue("url").send_all([({}, 0)] * count)
    assert [len(entries) for entries in recording.requests] == batches
    assert all(len({e["Id"] for e in entries}) == len(entries) for entries in recording.requests)


@pytest.mark.parametrize(("asked", "sent"), [(-5, 0), (0, 0), (30, 30), (900, 900), (901, 900), (86_400, 900)])
def test_a_delay_is_at_most_fifteen_minutes(recording: Recording, asked: int, sent: int) -> None:
    Queue("url").send({}, delay_seconds=asked)
    assert recording.requests[0][0]["DelaySeconds"] == sent


def test_a_refused_message_is_no_success(recording: Recording) -> None:
    recording.failed = 1
    with pytest.raises(Unavailable, match="SQS refused 1 of 2 messages"):
        Queue("url").send_all([({}, 0), ({}, 0)])


def test_sqs_down_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    class Down:
        def send_message_batch(self, **request: Any) -> None:
            raise EndpointConnectionError(endpoint_url="http://sqs")

    monkeypatch.setattr(aws, "client", lambda service: Down())
    with pytest.raises(Unavailable, match="the SQS queue is not answering"):
        Queue("url").send({})
