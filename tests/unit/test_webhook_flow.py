"""The way of one webhook through the flow and through the Lambda door, with outlets kept in memory."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from driftless.flows import webhook
from driftless.vocabulary.errors import TooLarge, Unauthorized, Unavailable
from tests.unit.intake import signing
from tests.unit.intake.signing import FORMS, NOW

GITHUB = "github.com/acme-corp/gitops-manifests"
SECRETS = {"default": ["sesame", "hook:sesame", signing.secret_for("gitlab-signed", "sesame")]}


@dataclass(frozen=True)
class Row:
    application: str
    target_revision: str = "main"
    path: str = "apps/payments"
    generate_paths: str | None = None


@dataclass
class Memory:
    rows: dict[str, list[Row]] = field(default_factory=dict)
    fetches: list[tuple[str, str]] = field(default_factory=list)
    deliveries: list[str] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    def _reach(self, outlet: str) -> None:
        if outlet in self.broken:
            raise Unavailable(f"{outlet} does not answer")

    def seen(self, delivery: str) -> bool:
        self._reach("seen")
        return delivery in self.deliveries

    def remember(self, delivery: str) -> None:
        self._reach("remember")
        self.deliveries.append(delivery)

    def interests(self, canonical: str) -> list[Row]:
        self._reach("interests")
        return self.rows.get(canonical, [])

    def request_fetch(self, canonical: str, delivery: str) -> None:
        self._reach("request_fetch")
        self.fetches.append((canonical, delivery))


def receive(memory: Memory, form: str = "github") -> webhook.Answer:
    headers, body = signing.push(form)
    headers = signing.signed(form, headers, body, signing.secret_for(form, "sesame"))
    return webhook.receive(headers, body, memory, SECRETS, NOW)


def test_a_push_asks_for_one_fetch_and_names_who_cares() -> None:
    memory = Memory({GITHUB: [Row("payments"), Row("orders", target_revision="HEAD"), Row("old", "release")]})
    answer = receive(memory)
    delivery = "1d4f2c80-a743-11f0-9c51-7be5a0d4c312"
    assert memory.fetches == [(GITHUB, delivery)]
    assert answer == webhook.Answer(
        202,
        {"provider": "github", "repository": GITHUB, "delivery": delivery, "applications": ["orders", "payments"]},
    )


@pytest.mark.parametrize(
    "row",
    [
        Row("other-branch", target_revision="release"),
        Row("pinned", target_revision=signing.AFTER),
        Row("other-files", path="apps/orders", generate_paths="."),
    ],
)
def test_nobody_cares_and_nothing_is_asked_for(row: Row) -> None:
    memory = Memory({GITHUB: [row]})
    answer = receive(memory)
    assert (answer.status, answer.document["applications"]) == (202, [])
    assert (memory.fetches, memory.deliveries) == ([], [])


@pytest.mark.parametrize("form", FORMS)
def test_an_unknown_repository_is_accepted_and_asks_for_nothing(form: str) -> None:
    memory = Memory()
    answer = receive(memory, form)
    assert (answer.status, answer.document["applications"], memory.fetches) == (202, [], [])


@pytest.mark.parametrize(
    "canonical",
    [
        "bitbucket.acme-corp.example/scm/acme-corp/gitops-manifests",
        "bitbucket.acme-corp.example/acme-corp/gitops-manifests",
    ],
)
def test_a_repository_is_found_by_each_of_its_addresses(canonical: str) -> None:
    memory = Memory({canonical: [Row("payments")]})
    assert receive(memory, "bitbucket-server").document["repository"] == canonical
    assert [asked for asked, _ in memory.fetches] == [canonical]


def test_the_same_delivery_twice_is_one_unit_of_work() -> None:
    memory = Memory({GITHUB: [Row("payments")]})
    receive(memory)
    again = receive(memory)
    assert (again.status, again.document["duplicate"], len(memory.fetches)) == (202, True, 1)


def test_a_crash_between_sending_and_remembering_loses_no_push() -> None:
    memory = Memory({GITHUB: [Row("payments")]}, broken={"remember"})
    with pytest.raises(Unavailable):
        receive(memory)
    assert len(memory.fetches) == 1
    memory.broken.clear()
    assert "duplicate" not in receive(memory).document
    assert len(memory.fetches) == 2


def test_a_delivery_that_could_not_be_sent_is_not_remembered() -> None:
    memory = Memory({GITHUB: [Row("payments")]}, broken={"request_fetch"})
    with pytest.raises(Unavailable):
        receive(memory)
    assert memory.deliveries == []


def test_a_body_over_the_cap_is_refused_before_it_is_looked_at() -> None:
    headers, _ = signing.push("github")
    with pytest.raises(TooLarge, match="over the cap"):
        webhook.receive(headers, b" " * (webhook.SIZE_CAP + 1), Memory(broken={"seen"}), SECRETS, NOW)


def test_an_unsigned_push_touches_no_outlet() -> None:
    headers, body = signing.push("github")
    memory = Memory(broken={"seen", "remember", "interests", "request_fetch"})
    with pytest.raises(Unauthorized):
        webhook.receive(signing.unsigned(headers), body, memory, SECRETS, NOW)


@pytest.mark.parametrize("name", ["github-ping", "bitbucket-server-ping"])
def test_a_ping_is_answered_with_200(name: str) -> None:
    headers, body = signing.push(name)
    headers = signing.signed(name.removesuffix("-ping"), headers, body, "sesame")
    assert webhook.receive(headers, body, Memory(), SECRETS, NOW).status == 200


def test_an_event_that_is_no_push_is_answered_with_its_reason() -> None:
    headers, body = signing.push("github")
    headers = signing.signed("github", headers | {"x-github-event": "star"}, body, "sesame")
    answer = webhook.receive(headers, body, Memory(), SECRETS, NOW)
    assert answer.status == 200
    assert "'star'" in answer.document["ignored"]


CONTEXT = SimpleNamespace(
    function_name="webhook", memory_limit_in_mb=512, invoked_function_arn="arn:webhook", aws_request_id="1"
)


@pytest.fixture
def memory() -> Memory:
    return Memory({GITHUB: [Row("payments")]})


@pytest.fixture
def app(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The door, with the metrics' namespace that template.yaml gives it, its clock at the recorded moment."""
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Driftless")
    from functions.webhook import app

    monkeypatch.setattr(app.metrics, "namespace", "Driftless")
    monkeypatch.setattr(app, "wired", lambda: (memory, SECRETS))
    monkeypatch.setattr(app, "time", SimpleNamespace(time=lambda: NOW))
    yield app


def call(app: ModuleType, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    response = app.handler(event, CONTEXT)
    assert response["headers"]["content-type"] == "application/json"
    return response["statusCode"], json.loads(response["body"])


@pytest.mark.parametrize("form", FORMS)
def test_the_door_takes_every_recorded_event(app: ModuleType, form: str) -> None:
    status, document = call(app, signing.signed_event(form, signing.secret_for(form, "sesame")))
    assert status == 202
    assert document["repository"].endswith("gitops-manifests")


def test_the_door_reads_base64_bodies(app: ModuleType, memory: Memory) -> None:
    event = signing.signed_event("github", "sesame")
    encoded = base64.b64encode(event["body"].encode()).decode()
    assert call(app, event | {"body": encoded, "isBase64Encoded": True})[0] == 202
    assert [asked for asked, _ in memory.fetches] == [GITHUB]


def test_a_refusal_is_a_sentence_in_json(app: ModuleType) -> None:
    status, document = call(app, signing.signed_event("github", "guessed"))
    assert (status, document["code"], document["error"]) == (401, 401, "Unauthorized")
    assert "x-hub-signature-256" in document["message"]


def test_a_metric_is_written_for_each_webhook(app: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    call(app, signing.signed_event("github", "sesame"))
    call(app, signing.signed_event("github", "guessed"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert [line["WebhookAccepted"] for line in lines if "WebhookAccepted" in line] == [[1.0]]
    assert [line["WebhookUnauthorized"] for line in lines if "WebhookUnauthorized" in line] == [[1.0]]


def test_a_table_that_is_down_is_503_so_that_the_git_host_tries_again(app: ModuleType, memory: Memory) -> None:
    memory.broken.add("interests")
    assert call(app, signing.signed_event("github", "sesame"))[0] == 503


def test_a_fault_of_ours_is_500_and_shows_nothing_of_the_payload(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("value-from-the-payload")

    monkeypatch.setattr(app.webhook, "receive", fail)
    status, document = call(app, signing.signed_event("github", "sesame"))
    captured = capsys.readouterr()
    assert status == 500
    assert "value-from-the-payload" not in json.dumps(document) + captured.out + captured.err


def _mutated(body: bytes, chance: random.Random) -> bytes:
    """Bytes that are random, cut off, or the right ones with a few replaced."""
    kind = chance.randrange(3)
    if kind == 0:
        return chance.randbytes(chance.randrange(400))
    if kind == 1:
        return body[: chance.randrange(len(body))]
    changed = bytearray(body)
    for _ in range(chance.randrange(1, 8)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


@pytest.mark.parametrize("form", FORMS)
def test_no_signed_body_whatsoever_gives_5xx(app: ModuleType, form: str) -> None:
    chance = random.Random(form)
    recorded = signing.event(form)
    secret = signing.secret_for(form, "sesame")
    for _ in range(60):
        body = _mutated(recorded["body"].encode(), chance)
        event = recorded | {
            "headers": signing.signed(form, recorded["headers"], body, secret),
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }
        status, _document = call(app, event)
        assert status in (200, 202, 400), body


def _replaced(value: Any, chance: random.Random) -> Any:
    """The same document with some of its values exchanged for values of another type."""
    if chance.random() < 0.08:
        return chance.choice([None, 7, "", "x", [], {}, [[]], [None], {"a": 1}, True, 1.5])
    if isinstance(value, dict):
        return {key: _replaced(entry, chance) for key, entry in value.items()}
    return [_replaced(entry, chance) for entry in value] if isinstance(value, list) else value


@pytest.mark.parametrize("form", FORMS)
def test_no_signed_json_of_the_wrong_shape_gives_5xx(app: ModuleType, form: str) -> None:
    chance = random.Random(form)
    recorded = signing.event(form)
    secret = signing.secret_for(form, "sesame")
    for _ in range(60):
        body = json.dumps(_replaced(json.loads(recorded["body"]), chance))
        headers = signing.signed(form, recorded["headers"], body.encode(), secret)
        status, _document = call(app, recorded | {"headers": headers, "body": body})
        assert status in (200, 202, 400), body


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"headers": None, "body": None},
        {"headers": {"x-github-event": "push"}, "body": "!", "isBase64Encoded": True},
        {"headers": {"x-github-event": "push", "x-hub-signature-256": "sha256=ü\ud800"}, "body": "{}"},
        {"headers": {"x-gitlab-event": "Push Hook", "x-gitlab-token": "\ud800"}, "body": "\ud800"},
        {"headers": {"x-vss-activityid": "1", "authorization": "Basic ü"}, "body": ""},
    ],
)
def test_no_broken_request_gives_5xx(app: ModuleType, event: dict[str, Any]) -> None:
    assert call(app, event)[0] in (400, 401)
