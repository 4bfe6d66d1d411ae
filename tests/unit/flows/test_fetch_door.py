"""The fetch function's door: a batch from the queue, and who must come again."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from driftless.vocabulary.errors import Unavailable
from functions.fetch import app
from tests.unit.flows.cloud import Cloud

RECORDED = json.loads((Path(__file__).parents[3] / "events/fetch.json").read_text())
CONTEXT: Any = SimpleNamespace(
    function_name="fetch",
    memory_limit_in_mb=1769,
    invoked_function_arn="arn",
    aws_request_id="1",
    get_remaining_time_in_millis=lambda: 1000,
)


@pytest.fixture
def fetched(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Messages that reached the flow, which cannot serve those of cause "app"."""
    seen: list[dict[str, Any]] = []

    def fetch(message: dict[str, Any], world: Any, git: Any) -> dict[str, Any]:
        seen.append(message)
        if message["cause"] == "app":
            raise Unavailable("the DynamoDB table driftless is not answering")
        return {"repository": message["repository"], "outcome": "looked up", "told": 1}

    monkeypatch.setattr(app.counts, "namespace", "Driftless")
    monkeypatch.setattr(app, "world", lambda: cloud.world)
    monkeypatch.setattr(app, "fetch", fetch)
    app.git.cache_clear()
    return seen


def test_a_message_that_fails_comes_again_alone(fetched: list[dict[str, Any]]) -> None:
    answer = app.handler(RECORDED, CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": RECORDED["Records"][1]["messageId"]}]}
    assert [message["cause"] for message in fetched] == ["webhook", "app"]


def test_a_body_that_is_not_json_goes_the_way_of_dead_letters(fetched: list[dict[str, Any]]) -> None:
    event = {"Records": [RECORDED["Records"][0] | {"body": "{"}]}
    answer = app.handler(event, CONTEXT)
    assert answer["batchItemFailures"] == [{"itemIdentifier": RECORDED["Records"][0]["messageId"]}]
    assert fetched == []
