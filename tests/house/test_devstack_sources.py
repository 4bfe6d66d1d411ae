"""Event sources judge answers, filters and rates by Lambda's rules."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from devstack.functions import Pool
from devstack.httpapi import _pattern
from devstack.localaws import Client
from devstack.runtimeapi import Answer, Launch
from devstack.sources import PARTIAL, StreamSource, failures, matches_any, rate
from devstack.template import Event, Function
from driftless.vocabulary.errors import NotBuiltYet

OUTBOX = json.loads('{"eventName":["INSERT"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"OUTBOX#"}]}}}}')


def item(*ids: str) -> bytes:
    return json.dumps({"batchItemFailures": [{"itemIdentifier": i} for i in ids]}).encode()


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (Answer(b"null"), set()),
        (Answer(b""), set()),
        (Answer(item()), set()),
        (Answer(b'{"batchItemFailures": null}'), set()),
        (Answer(item("a")), {"a"}),
        (Answer(item("unknown")), {"a", "b"}),
        (Answer(b'{"batchItemFailures": [{}]}'), {"a", "b"}),
        (Answer(b"not json"), {"a", "b"}),
        (Answer(b"[1]"), {"a", "b"}),
        (Answer(b"null", "Unhandled"), {"a", "b"}),
    ],
)
def test_what_comes_again_after_an_answer(answer: Answer, failed: set[str]) -> None:
    assert failures(answer, {"a", "b"}, partial=True) == failed


def test_without_partial_batches_only_an_error_fails() -> None:
    assert failures(Answer(item("a")), {"a"}, partial=False) == set()
    assert failures(Answer(b"", "Unhandled"), {"a"}, partial=False) == {"a"}


def record(name: str, pk: str) -> dict[str, Any]:
    return {"eventName": name, "dynamodb": {"Keys": {"pk": {"S": pk}}}}


@pytest.mark.parametrize(
    ("given", "passes"),
    [
        (record("INSERT", "OUTBOX#1"), True),
        (record("MODIFY", "OUTBOX#1"), False),
        (record("INSERT", "APP#OUTBOX#1"), False),
        ({"eventName": "INSERT"}, False),
    ],
)
def test_the_outbox_filter(given: dict[str, Any], passes: bool) -> None:
    assert matches_any(given, [OUTBOX]) is passes


def test_a_filter_rule_it_does_not_know_is_named() -> None:
    with pytest.raises(NotBuiltYet, match="numeric"):
        matches_any({"size": 3}, [{"size": [{"numeric": [">", 1]}]}])


@pytest.mark.parametrize(
    ("expression", "seconds"), [("rate(3 minutes)", 180), ("rate(1 hour)", 3600), ("rate(2 days)", 172800)]
)
def test_rates(expression: str, seconds: float) -> None:
    assert rate(expression) == seconds


def test_cron_is_refused() -> None:
    with pytest.raises(NotBuiltYet, match="cron"):
        rate("cron(0 10 * * ? *)")


@pytest.mark.parametrize(
    ("path", "target", "parameters"),
    [
        ("/", "/", {}),
        ("/a.b", "/aXb", None),
        ("/applications/{name}", "/applications/guestbook", {"name": "guestbook"}),
        ("/applications/{name}", "/applications/a/b", None),
        ("/api/v1/{proxy+}", "/api/v1/a/b", {"proxy": "a/b"}),
        ("/api/v1/{proxy+}", "/api/v1/", None),
    ],
)
def test_route_paths(path: str, target: str, parameters: dict[str, str] | None) -> None:
    match = _pattern(path).fullmatch(target)
    assert (match.groupdict() if match else None) == parameters


class Scripted:
    """Stands for a function's pool: answers in turn, and keeps which records each call had."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.calls: list[list[str]] = []
        self.launch = Launch((), {}, Path(), Path(), "arn:function", 1)

    def invoke(self, event: bytes) -> Answer:
        records = json.loads(event)["Records"]
        self.calls.append([r["dynamodb"]["SequenceNumber"] for r in records])
        return self.answers.pop(0) if self.answers else Answer(b"null")


class Sent:
    """Stands for local AWS: keeps the calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def call(self, _service: str, action: str, body: dict[str, Any], _timeout: float = 0) -> dict[str, Any]:
        self.calls.append((action, body))
        return {"QueueUrl": "http://queue"}


def delivered(pool: Scripted, **properties: Any) -> Sent:
    aws = Sent()
    event = Event("Outbox", "DynamoDB", {"Stream": "arn:stream", "FunctionResponseTypes": [PARTIAL], **properties})
    function = SimpleNamespace(logical_id="Relay")
    source = StreamSource(cast(Client, aws), cast(Function, function), event, cast(Pool, pool))
    source.halted.wait = lambda _seconds=None: False  # type: ignore[method-assign, assignment]
    source._deliver([{"dynamodb": {"SequenceNumber": n}} for n in "1234"])
    return aws


def test_a_stream_goes_on_from_the_first_record_that_failed() -> None:
    pool = Scripted(Answer(item("3", "4")))
    delivered(pool)
    assert pool.calls == [["1", "2", "3", "4"], ["3", "4"]]


def test_a_stream_batch_is_halved_after_an_error_where_the_template_says_so() -> None:
    pool = Scripted(Answer(b"", "Unhandled"))
    delivered(pool, BisectBatchOnFunctionError=True)
    assert pool.calls == [["1", "2", "3", "4"], ["1", "2"], ["3", "4"]]


def test_a_stream_gives_up_after_the_templates_retries_and_says_so_to_the_destination() -> None:
    pool = Scripted(*[Answer(b"", "Unhandled")] * 3)
    aws = delivered(pool, MaximumRetryAttempts=2, DestinationConfig={"OnFailure": {"Destination": "arn:dead"}})
    assert len(pool.calls) == 3
    body = json.loads(aws.calls[-1][1]["MessageBody"])
    assert body["DDBStreamBatchInfo"]["startSequenceNumber"] == "1"
