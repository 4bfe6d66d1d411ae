"""Event sources judge answers, filters and rates by Lambda's rules."""

from __future__ import annotations

import json
from typing import Any

import pytest

from devstack.httpapi import _pattern
from devstack.runtimeapi import Answer
from devstack.sources import failures, matches_any, rate
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
