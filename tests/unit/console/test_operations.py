"""sync, rollback, resume, operation: what is asked of the state, and who is woken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.console.stage import NOW, Console, deployed, payments, works

PAYMENTS = "/api/v1/applications/payments"
REPOSITORY = "github.com/acme-corp/gitops-manifests"
AUTOMATED = {"syncPolicy": {"automated": {"prune": True}}}


def stand(console: Console, **spec: Any) -> Console:
    console.call("POST", "/api/v1/applications", payments(**spec))
    console.sent("fetch"), console.sent("sync")
    return console


def asked(console: Console) -> dict[str, Any]:
    item = console.world.table.get("STATE", "payments") or {}
    found: dict[str, Any] = json.loads(item["asked"])
    return found


def test_a_sync_is_asked_for_looked_up_and_woken(console: Console) -> None:
    stand(console)
    answer = console.call("POST", f"{PAYMENTS}/sync", {"prune": True})
    operation = asked(console)
    assert answer.body["operation"]["id"] == operation["id"]
    assert operation["sync"] == {"prune": True}
    assert operation["initiatedBy"] == {"username": "admin"}
    assert (operation["lookup"], operation["askedAt"]) == (True, NOW)
    assert console.sent("fetch") == [{"repository": REPOSITORY, "applications": ["payments"], "cause": "sync"}]
    assert console.sent("sync") == [{"application": "payments", "cause": "sync"}]


def test_a_named_revision_is_resolved_by_fetch_which_then_asks(console: Console) -> None:
    stand(console)
    answer = console.call("POST", f"{PAYMENTS}/sync", {"revision": "v1.4.2"})
    (message,) = console.sent("fetch")
    assert (message["application"], message["revision"]) == ("payments", "v1.4.2")
    assert message["operation"] == answer.body["operation"]
    assert "asked" not in (console.world.table.get("STATE", "payments") or {})
    assert console.sent("sync") == []


def test_what_argo_cds_clients_send_is_kept_and_the_spec_fills_the_rest(console: Console) -> None:
    retry = {"limit": 2}
    stand(console, syncPolicy={"syncOptions": ["CreateNamespace=true"], "retry": retry})
    body = {
        "strategy": {"hook": {"force": True}},
        "resources": [{"group": "apps", "kind": "Deployment", "name": "payments"}],
        "infos": [{"name": "reason", "value": "try"}],
        "dryRun": True,
        "confirmPrune": True,
    }
    console.call("POST", f"{PAYMENTS}/sync", body)
    operation = asked(console)
    assert operation["sync"] == {
        "syncStrategy": {"hook": {"force": True}},
        "resources": body["resources"],
        "syncOptions": ["CreateNamespace=true"],
        "dryRun": True,
    }
    assert (operation["retry"], operation["info"], operation["confirmPrune"]) == (retry, body["infos"], True)


def test_options_of_the_request_take_the_place_of_the_specs(console: Console) -> None:
    stand(console, syncPolicy={"syncOptions": ["CreateNamespace=true"]})
    console.call("POST", f"{PAYMENTS}/sync", {"syncOptions": {"items": ["Replace=true"]}})
    assert asked(console)["sync"]["syncOptions"] == ["Replace=true"]


def test_a_second_operation_is_a_conflict_while_one_waits_or_runs(console: Console) -> None:
    stand(console)
    console.call("POST", f"{PAYMENTS}/sync", {})
    waiting = console.call("POST", f"{PAYMENTS}/sync", {})
    assert waiting.status == 409
    assert "another operation is already in progress" in waiting.body["message"]
    works(console, "payments", asked=None, operation={"id": "1", "sync": {}})
    assert console.call("POST", f"{PAYMENTS}/rollback", {}).status == 409


def test_automation_that_follows_a_branch_is_not_led_elsewhere(console: Console) -> None:
    stand(console, **AUTOMATED)
    refused = console.call("POST", f"{PAYMENTS}/sync", {"revision": "v1"})
    assert refused.status == 400
    assert "automation is on and follows main" in refused.body["message"]
    assert console.call("POST", f"{PAYMENTS}/sync", {"revision": "main"}).status == 200


def test_local_manifests_are_not_built_yet(console: Console) -> None:
    answer = console.call("POST", f"{stand(console) and PAYMENTS}/sync", {"manifests": ["{}"]})
    assert (answer.status, answer.body["error"]) == (501, "NotBuiltYet")


@pytest.mark.parametrize(("body", "number"), [({}, 1), ({"id": 0}, 0), ({"id": "0"}, 0), ({"id": 2}, 2)])
def test_a_rollback_asks_for_the_bundle_of_its_entry(console: Console, body: dict[str, Any], number: int) -> None:
    stand(console)
    deployed(console, "payments", 0, 1, 2)
    assert console.call("POST", f"{PAYMENTS}/rollback", body | {"prune": True}).status == 200
    operation = asked(console)
    assert operation["rollback"]["id"] == number
    assert operation["rollback"]["bundle"] == f"{number:064d}"
    assert operation["rollback"]["revision"] == f"{number:040d}"
    assert operation["prune"] is True
    assert console.sent("sync") == [{"application": "payments", "cause": "rollback"}]
    assert console.sent("fetch") == []


def test_a_rollback_to_what_never_was_names_what_there_is(console: Console) -> None:
    stand(console)
    nothing = console.call("POST", f"{PAYMENTS}/rollback", {})
    assert (nothing.status, "no deployment before the last" in nothing.body["message"]) == (404, True)
    deployed(console, "payments", 0, 1)
    unknown = console.call("POST", f"{PAYMENTS}/rollback", {"id": 7})
    assert unknown.status == 404
    assert unknown.body["message"].endswith("known ids: 0, 1")
    assert console.call("POST", f"{PAYMENTS}/rollback", {"id": "seven"}).status == 400


def test_pause_switches_automation_off_and_resume_on_again_as_it_was(console: Console) -> None:
    stand(console, **AUTOMATED)
    deployed(console, "payments", 0, 1)
    console.call("POST", f"{PAYMENTS}/rollback", {"pause": True})
    paused = console.call("GET", PAYMENTS).body["spec"]["syncPolicy"]["automated"]
    assert paused == {"prune": True, "enabled": False}
    works(console, "payments", asked=None)
    assert console.call("POST", f"{PAYMENTS}/resume", {}).status == 200
    assert console.call("GET", PAYMENTS).body["spec"]["syncPolicy"]["automated"] == {"prune": True}
    assert asked(console)["resume"] is True


def test_without_pause_automation_stays_as_it_is(console: Console) -> None:
    stand(console, **AUTOMATED)
    deployed(console, "payments", 0, 1)
    console.call("POST", f"{PAYMENTS}/rollback", {})
    assert console.call("GET", PAYMENTS).body["spec"]["syncPolicy"]["automated"] == {"prune": True}


def test_only_an_operation_in_progress_can_be_ended(console: Console) -> None:
    stand(console)
    refused = console.call("DELETE", f"{PAYMENTS}/operation")
    assert (refused.status, "no operation is in progress" in refused.body["message"]) == (400, True)
    works(console, "payments", operation={"id": "1", "sync": {}})
    assert console.call("DELETE", f"{PAYMENTS}/operation").body == {}
    assert (console.world.table.get("STATE", "payments") or {})["terminating"] is True
    assert console.sent("sync") == [{"application": "payments", "cause": "terminate"}]


def test_an_application_on_its_way_out_takes_no_operation(console: Console) -> None:
    stand(console)
    console.call("DELETE", PAYMENTS)
    assert console.call("POST", f"{PAYMENTS}/sync", {}).status == 409
