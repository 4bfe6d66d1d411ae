"""The sync function's door: a fault of ours is told by its place, and never in the words of what was handled."""

from __future__ import annotations

import json
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from driftless.outlets.log import metrics

VALUE = "hunter2hunter2"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    from functions.sync import app

    monkeypatch.setattr(metrics(), "namespace", "Driftless")

    def breaks(*arguments: Any, **named: Any) -> Any:
        raise TypeError(f"a Secret's value is {VALUE}")

    monkeypatch.setattr(app, "world", breaks)
    return app


CONTEXT: Any = SimpleNamespace(
    function_name="sync", memory_limit_in_mb="128", invoked_function_arn="arn", aws_request_id="1"
)


def test_a_message_that_breaks_a_step_comes_again_and_its_words_are_not_logged(
    app: ModuleType, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {"messageId": "m1", "body": json.dumps({"application": "payments"})}
    assert app.handler({"Records": [record]}, CONTEXT) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    [logged] = [vars(record) for record in caplog.records if record.message == "a step failed"]
    assert logged["kind"] == "TypeError" and "test_sync_door.py" in logged["places"][-1]
    assert VALUE not in str(logged) + str(capsys.readouterr())


def test_a_direct_invoke_that_breaks_is_answered_with_a_sentence(
    app: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = app.handler({"action": "refresh", "application": "payments"}, CONTEXT)
    assert (answer["error"], answer["code"]) == ("DriftlessError", 500)
    assert VALUE not in str(answer) + str(capsys.readouterr())
