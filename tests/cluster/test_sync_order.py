"""Waves and hooks on a real API server, where controllers and kwok make workloads ready and Jobs complete."""

from __future__ import annotations

from typing import Any

from tests.cluster.manifests import config_map, deployment, hooked, job, stateful_set, text
from tests.cluster.place import Deployed, Place

AUTO = {"prune": True, "selfHeal": True}
WAVE = "argocd.argoproj.io/sync-wave"
ONCE = {"retry": {"limit": 0}}


def pod(name: str, **notes: str) -> dict[str, Any]:
    """A pod that no node takes: it stays Pending until a test says how it ended."""
    spec = {
        "restartPolicy": "Never",
        "nodeSelector": {"nowhere": "yes"},
        "containers": [{"name": "check", "image": "registry.example/check:1"}],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "annotations": notes}, "spec": spec}


def end_pod(app: Deployed, name: str, phase: str) -> None:
    app.edit(f"pods/{name}", {"status": {"phase": phase}}, "/status")


def made(app: Deployed, path: str) -> str:
    found = app.live(path)
    assert found, path
    return str(found["metadata"]["creationTimestamp"])


def waits_for(place: Place, app: Deployed, what: str) -> None:
    place.settle(until=lambda: what in app.operation.get("message", ""))
    assert app.phase == "Running"


def test_the_next_wave_waits_until_the_last_is_healthy(place: Place, namespace: str) -> None:
    web = deployment("web", **{WAVE: "1"})
    web["spec"]["template"]["spec"]["nodeSelector"] = {"nowhere": "yes"}
    app = place.application(namespace, {"all.yaml": text(web, config_map("after", wave=2))}, automated=AUTO)
    waits_for(place, app, "waiting for healthy state of apps/Deployment")
    assert app.live("configmaps/after") is None
    app.edit("apps/v1/deployments/web", {"spec": {"template": {"spec": {"nodeSelector": None}}}})
    place.settle()
    assert app.live("configmaps/after")
    assert (app.phase, len(app.history)) == ("Succeeded", 1)


def test_waves_end_with_everything_made_in_order(place: Place, namespace: str) -> None:
    files = {
        "all.yaml": text(
            config_map("first", wave=-1),
            stateful_set("db", **{WAVE: "1"}),
            deployment("web", **{WAVE: "2"}),
        )
    }
    app = place.application(namespace, files, automated=AUTO)
    place.settle()
    assert app.status == ("Synced", "Healthy")
    assert [entry["id"] for entry in app.history] == [0]
    assert made(app, "apps/v1/statefulsets/db") <= made(app, "apps/v1/deployments/web")


def test_a_newer_commit_supersedes_a_sync_that_waits(place: Place, namespace: str) -> None:
    stuck = deployment("web", **{WAVE: "1"})
    stuck["spec"]["template"]["spec"]["nodeSelector"] = {"nowhere": "yes"}
    hook = hooked(pod("check"), "Sync")
    app = place.application(namespace, {"all.yaml": text(stuck, hook, config_map("after", wave=2))}, automated=AUTO)
    waits_for(place, app, "waiting for")
    app.push({"all.yaml": text(deployment("web"), config_map("after", "2", wave=2))})
    assert app.status == ("Synced", "Healthy")
    assert (app.phase, len(app.history)) == ("Succeeded", 1)
    left = app.live("pods/check")
    assert left is None or not left["metadata"].get("finalizers"), "a hook of the old operation is not left held"


def test_a_presync_job_runs_before_and_anew_at_each_sync(place: Place, namespace: str) -> None:
    migrate = hooked(job("migrate"), "PreSync")
    app = place.application(namespace, {"all.yaml": text(migrate, config_map("a"))}, automated=AUTO)
    place.settle()
    assert (app.status, app.phase) == (("Synced", "Healthy"), "Succeeded")
    first = app.live("batch/v1/jobs/migrate")
    assert first and first["status"]["succeeded"] == 1 and not first["metadata"].get("finalizers")
    app.push({"all.yaml": text(migrate, config_map("a", "2"))})
    second = app.live("batch/v1/jobs/migrate")
    assert second and second["metadata"]["uid"] != first["metadata"]["uid"]
    assert (app.phase, len(app.history)) == ("Succeeded", 2)
    assert app.status == ("Synced", "Healthy")
    assert place.scan() == 0


def test_a_failing_presync_hook_fails_the_sync_and_nothing_is_applied(place: Place, namespace: str) -> None:
    files = {
        "check.yaml": text(hooked(pod("check"), "PreSync")),
        "tell.yaml": text(hooked(job("tell"), "SyncFail")),
        "a.yaml": text(config_map("a")),
    }
    app = place.application(namespace, files, automated=AUTO, policy=ONCE)
    waits_for(place, app, "completion of hook")
    end_pod(app, "check", "Failed")
    place.settle()
    assert (app.phase, app.live("configmaps/a")) == ("Failed", None)
    assert "PreSync hook Pod" in app.operation["message"]
    told = app.live("batch/v1/jobs/tell")
    assert told and told["status"]["succeeded"] == 1 and not told["metadata"].get("finalizers")
    assert app.history == [] and "SyncError" in app.conditions
    assert [event["type"] for event in place.events] == ["SyncFailed"]


def test_a_postsync_hook_runs_when_all_is_healthy_and_goes_when_it_succeeded(place: Place, namespace: str) -> None:
    smoke = hooked(job("smoke"), "PostSync", "HookSucceeded")
    app = place.application(namespace, {"all.yaml": text(deployment("web"), smoke)}, automated=AUTO)
    place.settle()
    assert (app.phase, app.results["Job smoke"]) == ("Succeeded", "Synced")
    left = app.live("batch/v1/jobs/smoke")
    assert left is None or left["metadata"].get("deletionTimestamp")
    assert len(app.history) == 1


def test_a_generated_name_makes_a_new_hook_each_time(place: Place, namespace: str) -> None:
    smoke = hooked(job("x"), "PostSync")
    smoke["metadata"].pop("name")
    smoke["metadata"]["generateName"] = "smoke-"
    app = place.application(namespace, {"all.yaml": text(config_map("a"), smoke)}, automated=AUTO)
    place.settle()
    app.push({"all.yaml": text(config_map("a", "2"), smoke)})
    _, jobs = place.plane.request("GET", f"/apis/batch/v1/namespaces/{namespace}/jobs")
    assert len(jobs["items"]) == 2 and app.phase == "Succeeded"
    assert not any(item["metadata"].get("finalizers") for item in jobs["items"])


def test_helms_hooks_are_mapped(place: Place, namespace: str) -> None:
    chart = {"apiVersion": "v2", "name": "web", "version": "1.0.0"}
    migrate = job("migrate", **{"helm.sh/hook": "pre-install,pre-upgrade", "helm.sh/hook-weight": "-5"})
    smoke = job("smoke", **{"helm.sh/hook": "test"})
    files = {
        "Chart.yaml": text(chart),
        "templates/migrate.yaml": text(migrate),
        "templates/smoke.yaml": text(smoke),
        "templates/a.yaml": text(config_map("a")),
    }
    app = place.application(namespace, files, automated=AUTO)
    place.settle()
    assert app.live("batch/v1/jobs/migrate") and app.live("configmaps/a")
    assert app.live("batch/v1/jobs/smoke") is None, "a test hook is not part of a sync"
    assert app.status == ("Synced", "Healthy")


def test_a_definition_and_its_first_object_come_in_one_sync(place: Place, namespace: str) -> None:
    group = f"{namespace}.example.com"
    names = {"kind": "Widget", "plural": "widgets", "singular": "widget"}
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "names": names, "scope": "Namespaced", "versions": [version]},
    }
    widget = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "w"}, "size": 1}
    app = place.application(namespace, {"a.yaml": text(widget), "b.yaml": text(definition)}, automated=AUTO)
    place.settle()
    assert app.status == ("Synced", "Healthy"), app.operation
    assert app.live(f"{group}/v1/widgets/w")
    place.plane.request("DELETE", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.{group}")


def test_a_person_ends_a_waiting_operation_and_its_hook(place: Place, namespace: str) -> None:
    from driftless.record import state

    app = place.application(namespace, {"all.yaml": text(hooked(pod("check"), "PreSync"), config_map("a"))})
    place.settle()
    app.place.world.table.write(state.ask(namespace, {"id": "1", "sync": {}, "initiatedBy": {"username": "ada"}}))
    app.visit()
    waits_for(place, app, "completion of hook")
    place.world.table.write(state.request_termination(namespace))
    app.visit()
    assert (app.phase, app.operation["message"]) == ("Failed", "operation terminated")
    assert app.live("configmaps/a") is None
    left = app.live("pods/check")
    assert left is None or left["metadata"].get("deletionTimestamp")
    assert app.state.operation is None and not app.state.terminate
    place.settle()
    assert app.phase == "Failed", "a terminated operation is never retried"


def test_a_termination_with_nothing_to_end_harms_no_later_sync(place: Place, namespace: str) -> None:
    from driftless.record import state

    app = place.application(namespace, {"a.yaml": text(config_map("a"))})
    place.settle()
    place.world.table.write(state.request_termination(namespace))
    app.visit()
    assert app.ask("sync")["phase"] == "Succeeded"


def test_a_failed_sync_is_retried_with_growing_waits_and_then_not(place: Place, namespace: str) -> None:
    policy = {"retry": {"limit": 2, "backoff": {"duration": "10s", "factor": 3, "maxDuration": "5m"}}}
    bad = config_map("a")
    bad["data"] = {"not a key!": "1"}
    app = place.application(namespace, {"a.yaml": text(bad)}, automated=AUTO, policy=policy)
    before = place.ahead
    visits = place.settle()
    assert (app.phase, app.operation["retryCount"]) == ("Failed", 2)
    assert 35 <= place.ahead - before <= 60, "10 s, then 30 s"
    assert visits <= 4 and place.scan() == 0
    assert [event["type"] for event in place.events] == ["SyncFailed"]
    app.push({"a.yaml": text(config_map("a"))})
    assert app.status == ("Synced", "Healthy")


def test_an_object_that_the_api_server_refuses_is_named_before_anything_changes(place: Place, namespace: str) -> None:
    web = deployment("web")
    app = place.application(namespace, {"all.yaml": text(web, config_map("a"))}, automated=AUTO, policy=ONCE)
    place.settle()
    web["spec"]["selector"]["matchLabels"] = {"app": "other"}
    web["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    visits = app.push({"all.yaml": text(web, config_map("a", "2"), config_map("b"))})
    assert app.status[0] == "Unknown" and f"apps/Deployment {namespace}/web" in app.conditions["ComparisonError"]
    assert app.phase == "Failed"
    assert app.operation["message"].startswith("one or more objects failed to apply (dry run): apps/Deployment")
    kept = app.live("configmaps/a")
    assert kept and kept["data"]["value"] == "1" and app.live("configmaps/b") is None
    before = app.operation
    assert visits == 1 and place.scan() == 1, "the reason may have passed"
    assert app.operation == before, "but the bundle is not tried again"
    app.push({"all.yaml": text(deployment("web"), config_map("a", "3"))})
    assert app.status == ("Synced", "Healthy")


def test_a_kind_that_nobody_serves_is_named_before_anything_changes(place: Place, namespace: str) -> None:
    gadget = {"apiVersion": "none.example.com/v1", "kind": "Gadget", "metadata": {"name": "g"}}
    app = place.application(namespace, {"all.yaml": text(gadget, config_map("a"))}, automated=AUTO, policy=ONCE)
    place.settle()
    assert "none.example.com/v1 Gadget" in app.operation["message"]
    assert (app.phase, app.live("configmaps/a")) == ("Failed", None)
