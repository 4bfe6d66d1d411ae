"""/applications: what is written, what is answered, and what is sent on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.console.stage import NOW, SYNCED, Console, deployed, payments, works

APPS = "/api/v1/applications"
REPOSITORY = "github.com/acme-corp/gitops-manifests"


@pytest.fixture
def created(console: Console) -> Console:
    assert console.call("POST", APPS, payments()).status == 200
    console.sent("fetch"), console.sent("sync")
    return console


def test_a_new_application_is_answered_whole_and_looked_up(console: Console) -> None:
    answer = console.call("POST", APPS, payments())
    assert answer.status == 200
    assert answer.headers["x-driftless-outcome"] == "created"
    assert answer.body["metadata"]["name"] == "payments"
    assert answer.body["metadata"]["generation"] == 1
    assert answer.body["status"]["sync"]["status"] == "Unknown"
    assert answer.body["status"]["health"]["status"] == "Missing"
    assert console.sent("fetch") == [{"repository": REPOSITORY, "applications": ["payments"], "cause": "app"}]


def test_a_body_without_kind_is_an_application_as_in_argo_cds_api(console: Console) -> None:
    manifest = payments()
    assert console.call("POST", APPS, {key: manifest[key] for key in ("metadata", "spec")}).status == 200


def test_the_same_application_again_changes_nothing(created: Console) -> None:
    answer = created.call("POST", APPS, payments())
    assert (answer.status, answer.headers["x-driftless-outcome"]) == (200, "unchanged")
    assert created.sent("fetch") == []


def test_another_spec_is_a_conflict_without_upsert_and_a_change_with_it(created: Console) -> None:
    other = payments(revisionHistoryLimit=3)
    refused = created.call("POST", APPS, other)
    assert (refused.status, refused.body["error"], refused.body["code"]) == (409, "Conflict", 409)
    assert "--upsert" in refused.body["message"]
    assert created.call("POST", APPS, other, upsert="true").headers["x-driftless-outcome"] == "updated"
    assert created.sent("fetch") == []
    assert created.sent("sync") == [{"application": "payments", "cause": "spec"}]


def test_an_unknown_field_is_warned_of_and_a_wrong_type_is_refused_by_its_path(console: Console) -> None:
    warned = console.call("POST", APPS, payments(syncPolcy={}))
    assert warned.headers["warning"] == '299 driftless "unknown field spec.syncPolcy (did you mean syncPolicy?)"'
    refused = console.call("POST", APPS, payments(project=3))
    assert refused.status == 400
    assert "spec.project must be a string" in refused.body["message"]


def test_a_list_has_items_and_is_narrowed_by_project_label_and_name(console: Console) -> None:
    labelled = payments("orders")
    labelled["metadata"]["labels"] = {"team": "orders"}
    console.call("POST", APPS, payments())
    console.call("POST", APPS, labelled)

    def names(**query: str) -> list[str]:
        body = console.call("GET", APPS, **query).body
        assert body["metadata"] == {}
        return [row["metadata"]["name"] for row in body["items"]]

    assert names() == ["orders", "payments"]
    assert names(selector="team=orders") == ["orders"]
    assert names(selector="!team") == ["payments"]
    assert names(project="other") == []
    assert names(name="payments") == ["payments"]


def test_one_application_carries_its_history_and_changes_its_resource_version(created: Console) -> None:
    before = created.call("GET", f"{APPS}/payments").body
    deployed(created, "payments", 0, 1)
    after = created.call("GET", f"{APPS}/payments").body
    assert [entry["id"] for entry in after["status"]["history"]] == [0, 1]
    assert before["metadata"]["resourceVersion"] != after["metadata"]["resourceVersion"]


def test_an_application_that_does_not_exist_is_404_with_a_way_on(console: Console) -> None:
    answer = console.call("GET", f"{APPS}/nobody")
    assert answer.status == 404
    assert answer.body == {
        "error": "NotFound",
        "code": 404,
        "message": "application nobody does not exist; driftless app list shows those that do",
    }


@pytest.mark.parametrize(("kind", "cause"), [("normal", "refresh"), ("hard", "hard-refresh")])
def test_a_refresh_asks_for_a_look_up_and_a_visit_and_answers_at_once(created: Console, kind: str, cause: str) -> None:
    assert created.call("GET", f"{APPS}/payments", refresh=kind).status == 200
    assert created.sent("fetch") == [{"repository": REPOSITORY, "applications": ["payments"], "cause": cause}]
    assert created.sent("sync") == [{"application": "payments", "cause": cause}]


def test_a_refresh_in_the_second_of_the_last_visit_is_visited_a_second_later(created: Console) -> None:
    works(created, "payments", status=SYNCED | {"reconciledAt": created.world.now_text()})
    delays: list[int] = []
    queue = created.world.sync_queue()
    queue.send = lambda message, *, delay_seconds=0: delays.append(delay_seconds)  # type: ignore[method-assign]
    created.call("GET", f"{APPS}/payments", refresh="normal")
    assert delays == [1]
    assert created.world.clock() == NOW


def test_a_changed_source_is_looked_up_anew(created: Console) -> None:
    spec: dict[str, Any] = created.call("GET", f"{APPS}/payments").body["spec"]
    spec["source"]["targetRevision"] = "release"
    answer = created.call("PUT", f"{APPS}/payments/spec", spec)
    assert answer.body["source"]["targetRevision"] == "release"
    assert [m["cause"] for m in created.sent("fetch")] == ["app"]


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("merge", {"spec": {"source": {"targetRevision": "release"}}}),
        ("json", [{"op": "replace", "path": "/spec/source/targetRevision", "value": "release"}]),
    ],
)
def test_a_patch_changes_what_it_names(created: Console, kind: str, patch: Any) -> None:
    body = {"patch": json.dumps(patch), "patchType": kind}
    assert created.call("PATCH", f"{APPS}/payments", body).body["spec"]["source"]["targetRevision"] == "release"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"patch": "{"},
        {"patch": "{}", "patchType": "strategic"},
        {"patch": '[{"op":"remove","path":"/spec/nothing"}]'},
        {"patch": '[{"op":"add","path":"","value":1}]'},
        {"patch": '{"metadata":{"name":"other"}}', "patchType": "merge"},
    ],
)
def test_a_patch_that_does_not_fit_is_refused(created: Console, body: dict[str, Any]) -> None:
    answer = created.call("PATCH", f"{APPS}/payments", body)
    assert (answer.status, answer.body["error"]) == (400, "Refused")


@pytest.mark.parametrize(
    ("query", "cascade", "policy"),
    [
        ({}, False, "Foreground"),
        ({"cascade": "true"}, True, "Foreground"),
        ({"cascade": "true", "propagationPolicy": "background"}, True, "Background"),
        ({"cascade": "false"}, False, "Foreground"),
    ],
)
def test_deleting_keeps_the_objects_unless_cascade_is_said(
    created: Console, query: dict[str, str], cascade: bool, policy: str
) -> None:
    assert created.call("DELETE", f"{APPS}/payments", **query).body == {}
    deleting = created.call("GET", f"{APPS}/payments").body["metadata"]["deletionTimestamp"]
    assert deleting == created.world.now_text()
    item = created.world.table.get("STATE", "payments") or {}
    asked = json.loads(item["deleting"])
    assert (asked["cascade"], asked["propagation"]) == (cascade, policy)
    assert created.sent("sync") == [{"application": "payments", "cause": "delete"}]


def test_a_resources_finalizer_cascades_and_cascade_false_does_not(console: Console) -> None:
    manifest = payments()
    manifest["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io/background"]
    for query, cascade in (({}, True), ({"cascade": "false"}, False)):
        console.call("POST", APPS, manifest)
        console.call("DELETE", f"{APPS}/payments", **query)
        asked = json.loads((console.world.table.get("STATE", "payments") or {})["deleting"])
        assert asked["cascade"] is cascade


def test_a_propagation_policy_without_cascade_is_refused(created: Console) -> None:
    query = {"cascade": "false", "propagationPolicy": "background"}
    assert created.call("DELETE", f"{APPS}/payments", **query).status == 400


def test_events_tell_of_deployments_and_the_last_operation(created: Console) -> None:
    deployed(created, "payments", 0)
    failed = {"phase": "Failed", "message": "one object was refused", "startedAt": "2026-11-21T13:00:00Z"}
    works(created, "payments", status=SYNCED | {"operationState": failed})
    rows = created.call("GET", f"{APPS}/payments/events").body["items"]
    assert [(row["type"], row["reason"]) for row in rows] == [
        ("Normal", "OperationCompleted"),
        ("Warning", "OperationFailed"),
    ]


def test_there_are_no_sync_windows_yet(created: Console) -> None:
    assert created.call("GET", f"{APPS}/payments/syncwindows").body["canSync"] is True
