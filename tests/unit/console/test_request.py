"""The edges of HTTP: bodies, paths, methods, and the handler that Lambda calls."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from driftless.console import selector
from driftless.console.request import BODY_CAP, parse
from driftless.vocabulary.errors import Refused, TooLarge
from tests.unit.console.stage import TOKEN, Console, event, payments

EVENTS = Path(__file__).parents[3] / "events"


@pytest.mark.parametrize("body", ["{", "[]", '"x"', "1", "[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(console: Console, body: str) -> None:
    answer = console.call("POST", "/api/v1/applications", body)
    assert (answer.status, answer.body["error"]) == (400, "Refused")


def test_a_body_over_the_cap_is_too_large() -> None:
    with pytest.raises(TooLarge):
        parse(event("POST", "/api/v1/applications", "x" * (BODY_CAP * 2)))


def test_a_base64_body_is_decoded_and_a_false_one_refused() -> None:
    made = event("POST", "/", base64.b64encode(b'{"a": 1}').decode()) | {"isBase64Encoded": True}
    assert parse(made).document() == {"a": 1}
    with pytest.raises(Refused, match="base64"):
        parse(made | {"body": "***"})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v2/applications", 404),
        ("POST", "/api/v1/version", 405),
        ("DELETE", "/api/v1/applications", 405),
        ("GET", "/api/v1/applications/", 200),
        ("HEAD", "/api/v1/applications", 200),
        ("GET", "/api/v1/applications/../clusters", 404),
    ],
)
def test_what_is_not_there_or_not_allowed_says_so(console: Console, method: str, path: str, status: int) -> None:
    assert console.call(method, path).status == status


@pytest.mark.parametrize("text", ["maybe", "yes please"])
def test_a_flag_is_true_or_false(console: Console, text: str) -> None:
    assert console.call("POST", "/api/v1/applications", payments(), upsert=text).status == 400


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("", True),
        ("team=payments", True),
        ("team==payments,env!=prod", True),
        ("team!=payments", False),
        ("team in (orders, payments)", True),
        ("team notin (orders,payments)", False),
        ("env", False),
        ("!env", True),
        ("example.com/kind=x", False),
    ],
)
def test_a_selector_reads_as_kubernetes_does(text: str, fits: bool) -> None:
    assert selector.parse(text)({"team": "payments"}) is fits


@pytest.mark.parametrize("text", ["team=a b", "=x", "team in payments", "a;b"])
def test_a_selector_that_is_none_is_refused_by_its_part(text: str) -> None:
    with pytest.raises(Refused, match="is no label selector"):
        selector.parse(text)


def test_half_a_character_pair_is_refused_wherever_it_comes(console: Console) -> None:
    name = "\ud83d"
    created = console.call("POST", "/api/v1/applications", payments() | {"metadata": {"name": name}})
    assert created.status == 400 and "not JSON" in created.body["message"]
    console.call("POST", "/api/v1/applications", payments())
    patch = {"patch": json.dumps({"spec": {"source": {"path": name}}}), "patchType": "merge"}
    patched = console.call("PATCH", "/api/v1/applications/payments", patch)
    assert patched.status == 400 and "not JSON" in patched.body["message"]


@pytest.fixture
def handler(console: Console, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "driftless")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Driftless")
    from functions.console import app

    monkeypatch.setattr(app, "surroundings", lambda: console.around)
    names = ("function_name", "memory_limit_in_mb", "invoked_function_arn", "aws_request_id")
    context = SimpleNamespace(**dict.fromkeys(names, "console"))
    return lambda given: app.handler(given, context)


@pytest.mark.parametrize("name", sorted(path.name for path in EVENTS.glob("console-*.json")))
def test_the_recorded_events_are_answered_as_their_names_say(handler: Any, name: str) -> None:
    answer = handler(json.loads((EVENTS / name).read_text()))
    assert answer["statusCode"] == int(name.removesuffix(".json").rpartition("-")[2])
    assert answer["headers"]["cache-control"] == "no-store"
    assert answer["headers"]["x-content-type-options"] == "nosniff"


def test_a_fault_of_ours_is_a_sentence_without_its_cause(
    handler: Any, console: Console, caplog: pytest.LogCaptureFixture
) -> None:
    console.call("POST", "/api/v1/applications", payments())
    headers = {"authorization": f"Bearer {TOKEN}"}
    answer = handler(event("GET", "/api/v1/applications/payments/managed-resources", headers=headers))
    document = json.loads(answer["body"])
    assert (answer["statusCode"], document["error"]) == (500, "DriftlessError")
    assert "KeyError" not in document["message"]
    (logged,) = [vars(record) for record in caplog.records if record.message == "console failed"]
    assert logged["kind"] == "KeyError"
    assert TOKEN not in str(logged)
