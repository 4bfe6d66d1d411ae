"""A push becomes what runs: first sync, change, prune, drift and healing, on a real API server."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any

import pytest

from driftless.vocabulary.argo import IN_CLUSTER
from tests.cluster.manifests import config_map, deployment, stateful_set, text
from tests.cluster.place import Deployed, Place

AUTO = {"prune": True, "selfHeal": True}
BY_HAND: dict[str, Any] = {}


def test_a_first_sync_makes_everything_and_is_told_once(place: Place, namespace: str) -> None:
    app = place.application(namespace, {"all.yaml": text(config_map("a"), deployment("web"))}, automated=AUTO)
    place.settle()
    assert app.status == ("Synced", "Healthy")
    assert app.phase == "Succeeded"
    assert [entry["id"] for entry in app.history] == [0]
    assert [event["type"] for event in place.events] == ["SyncSucceeded"]
    assert app.live("configmaps/a") and app.live("apps/v1/deployments/web")


def test_without_automation_a_push_only_shows(place: Place, namespace: str) -> None:
    app = place.application(namespace, {"a.yaml": text(config_map("a"))})
    assert place.settle() == 1
    assert app.status == ("OutOfSync", "Missing")
    assert app.live("configmaps/a") is None
    assert app.ask("sync")["phase"] == "Succeeded"
    assert app.status == ("Synced", "Healthy")


def test_what_leaves_git_leaves_the_cluster(place: Place, namespace: str) -> None:
    files = {"a.yaml": text(config_map("a")), "b.yaml": text(config_map("b"), config_map("c"))}
    app = place.application(namespace, files, automated=AUTO)
    place.settle()
    visits = app.push({"a.yaml": None})
    assert app.live("configmaps/a") is None and app.live("configmaps/b")
    assert (app.status, app.results["ConfigMap a"]) == (("Synced", "Healthy"), "Pruned")
    assert [entry["id"] for entry in app.history] == [0, 1]
    assert visits == 1


def test_a_pruned_workload_is_waited_for(place: Place, namespace: str) -> None:
    files = {"a.yaml": text(deployment("gone")), "b.yaml": text(config_map("b"), config_map("c"))}
    app = place.application(namespace, files, automated=AUTO)
    place.settle()
    app.push({"a.yaml": None})
    assert app.live("apps/v1/deployments/gone") is None
    assert (app.status, app.phase, len(app.history)) == (("Synced", "Healthy"), "Succeeded", 2)


def test_prune_false_stays_and_nothing_loops(place: Place, namespace: str) -> None:
    kept = config_map("kept", **{"argocd.argoproj.io/sync-options": "Prune=false"})
    app = place.application(namespace, {"a.yaml": text(kept), "b.yaml": text(config_map("b"))}, automated=AUTO)
    place.settle()
    assert app.push({"a.yaml": None}) <= 2
    assert app.live("configmaps/kept")
    assert (app.status[0], app.phase, app.results["ConfigMap kept"]) == ("OutOfSync", "Succeeded", "PruneSkipped")
    assert place.scan() == 0


def test_the_prune_guard_keeps_volumes_and_sets_and_applies_the_rest(place: Place, namespace: str) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    files = {"old.yaml": text(claim, stateful_set("db")), "b.yaml": text(config_map("b"))}
    app = place.application(namespace, files, automated=AUTO)
    place.settle(until=lambda: app.phase == "Succeeded")
    visits = app.push({"old.yaml": None, "new.yaml": text(config_map("new"))})
    assert visits <= 15, "a claim without a provisioner stays Pending: only the looks at its health"
    assert app.live("configmaps/new") and app.live("apps/v1/statefulsets/db")
    assert app.live("persistentvolumeclaims/data")
    assert app.status[0] == "OutOfSync"
    assert "--confirm-prune" in app.conditions["PruneGuardWarning"]
    assert app.ask("sync", prune=True, confirmPrune=True)["phase"] == "Succeeded"
    assert app.live("apps/v1/statefulsets/db") is None and app.live("persistentvolumeclaims/data") is None
    assert app.status == ("Synced", "Healthy") and "PruneGuardWarning" not in app.conditions


def test_an_empty_folder_wipes_nothing_out(place: Place, namespace: str) -> None:
    app = place.application(namespace, {"a.yaml": text(config_map("a"))}, automated=AUTO)
    place.settle()
    assert app.push({"a.yaml": None, "README.md": "nothing here"}) <= 2
    assert app.live("configmaps/a")
    assert app.status[0] == "OutOfSync" and "allowEmpty" in app.conditions["SyncError"]


def test_a_scan_finds_who_scaled_and_heals(place: Place, namespace: str) -> None:
    app = place.application(namespace, {"a.yaml": text(deployment("web"))}, automated=AUTO)
    place.settle()
    app.edit("apps/v1/deployments/web", {"spec": {"replicas": 3}}, "/scale")
    place.scan()
    live = app.live("apps/v1/deployments/web")
    assert live and live["spec"]["replicas"] == 1
    assert app.status == ("Synced", "Healthy")
    assert len(app.history) == 1, "a heal is no deployment"
    assert place.scan() == 0


def test_without_self_heal_a_scan_only_shows(place: Place, namespace: str) -> None:
    app = place.application(namespace, {"a.yaml": text(config_map("a"))}, automated={"prune": True})
    place.settle()
    app.edit("configmaps/a", {"data": {"value": "by hand"}})
    assert place.scan() == 1
    assert app.status[0] == "OutOfSync"
    assert place.scan() == 0, "it is shown already"
    app.edit("configmaps/a", {"data": {"value": "1"}})
    assert place.scan() == 1
    assert app.status[0] == "Synced"


def test_what_was_deleted_by_hand_is_made_again(place: Place, namespace: str) -> None:
    app = place.application(namespace, {"a.yaml": text(config_map("a"), config_map("b"))}, automated=AUTO)
    place.settle()
    app.remove("configmaps/a")
    assert place.scan() == 1
    assert app.live("configmaps/a") and app.status == ("Synced", "Healthy")


def test_heals_come_at_growing_intervals(place: Place, namespace: str) -> None:
    app = place.application(namespace, {"a.yaml": text(config_map("a"))}, automated=AUTO)
    place.settle()
    waits = []
    for _ in range(3):
        app.edit("configmaps/a", {"data": {"value": "by hand"}})
        before = place.ahead
        place.scan()
        waits.append(round(place.ahead - before))
        assert app.status[0] == "Synced"
    heals = app.operation["operation"]["sync"]["autoHealAttemptsCount"]
    assert heals == 3 and waits[0] <= 31, waits


def test_replicas_left_to_the_autoscaler_are_no_drift(place: Place, namespace: str) -> None:
    rule = {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}
    app = place.application(namespace, {"a.yaml": text(deployment("web"))}, automated=AUTO, ignoreDifferences=[rule])
    place.settle()
    app.edit("apps/v1/deployments/web", {"spec": {"replicas": 2}}, "/scale")
    place.scan()
    live = app.live("apps/v1/deployments/web")
    assert live and live["spec"]["replicas"] == 2
    assert app.status[0] == "Synced"


def test_ignored_fields_stay_as_they_are_in_a_sync_that_respects_them(place: Place, namespace: str) -> None:
    rule = {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}
    options = ("RespectIgnoreDifferences=true",)
    app = place.application(
        namespace, {"a.yaml": text(deployment("web"))}, automated=AUTO, ignoreDifferences=[rule], options=options
    )
    place.settle()
    app.edit("apps/v1/deployments/web", {"spec": {"replicas": 2}}, "/scale")
    app.push({"a.yaml": text(deployment("web")).replace("web:1", "web:2")})
    live = app.live("apps/v1/deployments/web")
    assert live and live["spec"]["replicas"] == 2
    assert live["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":2")


def test_broken_yaml_is_named_and_changes_nothing_until_it_is_mended(place: Place, namespace: str) -> None:
    app = place.application(namespace, {"a.yaml": text(config_map("a"), config_map("b"))}, automated=AUTO)
    place.settle()
    assert app.push({"a.yaml": text(config_map("a")).replace("  value", "\tvalue")}) == 1
    assert app.status[0] == "Unknown" and "a.yaml" in app.conditions["ComparisonError"]
    assert app.live("configmaps/a") and app.live("configmaps/b")
    assert place.scan() == 0, "the cluster can not mend it"
    app.push({"a.yaml": text(config_map("a", "2"))})
    assert app.status == ("Synced", "Healthy") and app.conditions == {}
    assert app.live("configmaps/b") is None


def test_a_namespace_is_made_with_its_metadata(place: Place, namespace: str) -> None:
    other = f"{namespace}-made"
    policy = {"managedNamespaceMetadata": {"labels": {"team": "pay"}}}
    app = place.application(
        namespace,
        {"a.yaml": text(config_map("a"))},
        automated=AUTO,
        options=("CreateNamespace=true",),
        policy=policy,
        destination={"namespace": other},
    )
    place.settle()
    assert app.status == ("Synced", "Healthy")
    _, made = place.plane.request("GET", f"/api/v1/namespaces/{other}")
    assert made["metadata"]["labels"]["team"] == "pay"
    assert "argocd.argoproj.io/tracking-id" not in (made["metadata"].get("annotations") or {})


def test_a_missing_namespace_fails_the_sync_once_per_bundle(place: Place, namespace: str) -> None:
    app = place.application(
        namespace, {"a.yaml": text(config_map("a"))}, automated=AUTO, destination={"namespace": f"{namespace}-none"}
    )
    place.settle()
    assert (app.phase, app.operation["retryCount"]) == ("Failed", 5)
    assert "not found" in app.operation["message"] and "SyncError" in app.conditions
    assert [event["type"] for event in place.events] == ["SyncFailed"]
    assert place.scan() == 0


def test_a_secret_is_never_in_the_table(place: Place, namespace: str) -> None:
    value = f"hunter2-{namespace}"
    encoded = base64.b64encode(value.encode()).decode()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": value}}
    app = place.application(namespace, {"a.yaml": text(secret)}, automated=AUTO)
    place.settle()
    app.edit("secrets/s", {"data": {"password": base64.b64encode(b"other").decode()}})
    shown = json.dumps(app.answer("diff")) + json.dumps(app.answer("manifests"))
    place.scan()
    app.push({"a.yaml": text({**secret, "stringData": {"password": {"not": value}}})})
    shown += json.dumps(app.state.status) + json.dumps(app.state.resources) + json.dumps(app.state.memory)
    shown += json.dumps(place.events) + repr(app.state.inventory) + json.dumps(app.history)
    assert value not in shown and encoded not in shown


def test_two_workers_at_once_make_one_deployment(place: Place, namespace: str) -> None:
    app = place.application(namespace, {"a.yaml": text(config_map("a"), deployment("web"))}, automated=AUTO)
    place.deliver(*place.letters.pop()[:2])  # the fetch
    errors: list[BaseException] = []

    def work() -> None:
        try:
            app.visit()
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    place.settle()
    assert errors == []
    assert app.status == ("Synced", "Healthy")
    assert [entry["id"] for entry in app.history] == [0]
    assert [event["type"] for event in place.events] == ["SyncSucceeded"]


def test_messages_that_come_twice_or_late_change_nothing(place: Place, namespace: str) -> None:
    app = place.application(namespace, {"a.yaml": text(config_map("a"))}, automated=AUTO)
    place.settle()
    before = app.state
    for _ in range(3):
        place.deliver("sync", {"application": namespace, "cause": "commit"})
    place.deliver("sync", {"application": "never-was"})
    assert place.pending() == []
    assert (app.state.operation, app.history) == (None, app.history[:1])
    assert app.operation == before.status["operationState"]


def test_a_person_who_asks_for_a_hard_refresh_gets_a_new_render(place: Place, namespace: str) -> None:
    app = place.application(namespace, {"a.yaml": text(config_map("a"))}, automated=AUTO)
    place.settle()
    app.visit("hard-refresh")
    assert app.state.memory["rendered"] and app.status[0] == "Synced"


def test_objects_of_the_old_namespace_go_when_the_destination_moves(place: Place, namespace: str) -> None:
    app = place.application(namespace, {"a.yaml": text(config_map("a"))}, automated=AUTO)
    place.settle()
    app.register(automated=AUTO, options=("CreateNamespace=true",), destination={"namespace": f"{namespace}-b"})
    place.settle()
    assert app.live("configmaps/a") is None
    moved = Deployed(place, f"{namespace}-b", app.checkout)
    assert moved.live("configmaps/a")
    assert app.status == ("Synced", "Healthy")


@pytest.mark.parametrize("server", [IN_CLUSTER, "https://no.example"])
def test_a_cluster_that_is_not_registered_is_named(place: Place, namespace: str, server: str) -> None:
    app = place.application(
        namespace, {"a.yaml": text(config_map("a"))}, automated=AUTO, destination={"server": server}
    )
    place.settle()
    if server == IN_CLUSTER:
        assert app.conditions == {}
    else:
        assert "https://no.example is not registered" in app.conditions["InvalidSpecError"]
        assert app.status[0] == "Unknown"
