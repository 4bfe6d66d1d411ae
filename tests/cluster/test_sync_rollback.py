"""Rollbacks, selections, dry runs and direct asks on a real API server; and what automation makes of them."""

from __future__ import annotations

from dataclasses import replace

from driftless.record import state
from tests.cluster.manifests import config_map, deployment, hooked, job, text
from tests.cluster.place import Deployed, Place

AUTO = {"prune": True, "selfHeal": True}


def value(app: Deployed, name: str = "a") -> str:
    found = app.live(f"configmaps/{name}")
    return str(found["data"]["value"]) if found else ""


def two_deployments(place: Place, namespace: str, **spec: object) -> Deployed:
    """The first commit says 1, the second 2 and has one object more."""
    app = place.application(namespace, {"a.yaml": text(config_map("a"))}, automated=AUTO, **spec)
    place.settle()
    app.push({"a.yaml": text(config_map("a", "2"), config_map("b"))})
    assert (value(app), len(app.history)) == ("2", 2)
    return app


def test_a_rollback_holds_until_git_says_something_else(place: Place, namespace: str) -> None:
    app = two_deployments(place, namespace)
    assert app.ask("rollback", id=0)["phase"] == "Succeeded"
    assert value(app) == "1"
    assert app.status[0] == "OutOfSync" and "rolled back" in app.conditions["HeldWarning"]
    assert [entry["id"] for entry in app.history] == [0, 1, 2]
    assert place.scan() == 0
    app.edit("configmaps/a", {"data": {"value": "by hand"}})
    assert place.scan() == 1
    app.push({"README.md": "no other bundle"})
    assert value(app) == "by hand", "what is held is held, whatever the commit"
    app.push({"a.yaml": text(config_map("a", "3"))})
    assert (value(app), app.status) == ("3", ("Synced", "Healthy"))
    assert app.conditions == {}


def test_a_rollback_leaves_what_is_newer_unless_it_may_prune(place: Place, namespace: str) -> None:
    app = two_deployments(place, namespace)
    app.ask("rollback", id=0)
    assert app.live("configmaps/b"), "the older bundle does not know it"
    app.ask("rollback", id=0, prune=True)
    assert app.live("configmaps/b") is None
    assert (value(app), app.phase) == ("1", "Succeeded")
    app.push({"a.yaml": text(config_map("a", "3"), config_map("b", "3"))})
    assert (value(app), value(app, "b")) == ("3", "3")


def test_a_rollback_runs_no_hooks(place: Place, namespace: str) -> None:
    files = {"a.yaml": text(config_map("a")), "hook.yaml": text(hooked(job("migrate"), "PreSync", "HookSucceeded"))}
    app = place.application(namespace, files, automated=AUTO)
    place.settle()
    app.push({"a.yaml": text(config_map("a", "2"))})
    app.ask("rollback", id=0)
    assert "Job migrate" not in app.results and value(app) == "1"


def test_a_rollback_works_while_git_is_broken_and_while_it_is_away(place: Place, namespace: str) -> None:
    app = two_deployments(place, namespace)
    app.push({"a.yaml": "kind: ConfigMap\napiVersion: v1\n\tmetadata: broken\n"})
    assert app.status[0] == "Unknown"
    assert app.ask("rollback", id=0)["phase"] == "Succeeded"
    assert (value(app), app.status[0]) == ("1", "Unknown") and "a.yaml" in app.conditions["ComparisonError"]
    app.push({"a.yaml": text(config_map("a", "2"), config_map("b"))})
    assert value(app) == "1", "the last good bundle is what was rolled away from"
    target = app.state.target
    assert target
    away = replace(target, error="the Git host is not reachable", artifact="", at=place.world.clock())
    place.world.table.write(state.set_target(app.name, away, 10**6))
    app.visit()
    assert app.ask("rollback", id=1)["phase"] == "Succeeded"
    assert value(app) == "2" and app.status[0] == "Unknown"


def test_a_rollback_to_a_bundle_that_is_gone_says_so(place: Place, namespace: str) -> None:
    app = two_deployments(place, namespace)
    entry = {"id": 7, "bundle": "0" * 64, "revision": "0" * 40, "source": {}}
    asked = {"id": "x", "rollback": entry, "initiatedBy": {"username": "ada"}}
    place.world.table.write(state.ask(app.name, asked))
    app.visit()
    assert (app.phase, value(app)) == ("Error", "2")
    assert "bundles/000000000000" in app.operation["message"]
    assert app.state.asked is None and app.state.operation is None


def test_a_resume_ends_the_hold(place: Place, namespace: str) -> None:
    app = two_deployments(place, namespace)
    app.ask("rollback", id=0)
    place.world.table.write(state.ask(app.name, {"id": "r", "resume": True}))
    app.visit()
    place.settle()
    assert (value(app), app.status) == ("2", ("Synced", "Healthy"))


def test_a_dry_run_changes_nothing_and_leaves_no_trace(place: Place, namespace: str) -> None:
    files = {"a.yaml": text(config_map("a"), config_map("later", wave=1)), "web.yaml": text(deployment("web"))}
    app = place.application(namespace, files)
    place.settle()
    before = app.state
    assert app.ask("sync", dryRun=True)["phase"] == "Succeeded"
    assert app.live("configmaps/a") is None and app.live("apps/v1/deployments/web") is None
    assert app.status == ("OutOfSync", "Missing") and app.history == [] and place.events == []
    assert (app.state.inventory, app.state.resources) == (before.inventory, before.resources)
    assert "attempt" not in app.state.memory
    app.ask("sync")
    app.edit("configmaps/a", {"data": {"value": "by hand"}})
    place.scan()
    assert app.ask("sync", dryRun=True)["phase"] == "Succeeded"
    assert value(app) == "by hand" and app.status[0] == "OutOfSync"


def test_a_dry_run_of_a_rollback_holds_nothing(place: Place, namespace: str) -> None:
    app = two_deployments(place, namespace)
    app.ask("rollback", id=0, dryRun=True)
    assert value(app) == "2" and app.status == ("Synced", "Healthy")
    app.edit("configmaps/a", {"data": {"value": "by hand"}})
    place.scan()
    assert value(app) == "2"


def test_a_selective_sync_applies_what_is_named_and_is_no_deployment(place: Place, namespace: str) -> None:
    hook = hooked(job("migrate"), "PreSync")
    app = place.application(namespace, {"a.yaml": text(config_map("a"), config_map("b"), hook)})
    place.settle()
    app.ask("sync", resources=[{"group": "", "kind": "ConfigMap", "name": "b"}])
    assert app.live("configmaps/b") and app.live("configmaps/a") is None
    assert app.live("batch/v1/jobs/migrate") is None
    assert (app.phase, app.status[0], app.history) == ("Succeeded", "OutOfSync", [])


def test_a_sync_by_a_person_takes_the_newest_commit(place: Place, namespace: str) -> None:
    app = place.application(namespace, {"a.yaml": text(config_map("a"))})
    place.settle()
    app.checkout.write({"a.yaml": text(config_map("a", "2"))})
    commit = app.checkout.push("nobody told us")
    assert app.ask("sync")["phase"] == "Succeeded"
    assert value(app) == "2" and app.history[0]["revision"] == commit
    assert app.history[0]["initiatedBy"] == {"username": "aws lambda invoke"}


def test_a_sync_asked_for_while_git_is_broken_ends_with_its_reason(place: Place, namespace: str) -> None:
    app = place.application(namespace, {"a.yaml": "apiVersion: v1\nkind: ConfigMap\n\tmetadata: broken\n"})
    place.settle()
    assert app.ask("sync")["phase"] == "Error"
    assert "a.yaml" in app.operation["message"] and app.state.asked is None


def test_a_sync_asked_for_while_the_spec_is_wrong_ends_with_its_reason(place: Place, namespace: str) -> None:
    app = place.application(namespace, {"a.yaml": text(config_map("a"))}, destination={"server": "https://no.example"})
    place.settle()
    assert app.ask("sync")["phase"] == "Error"
    assert "https://no.example is not registered" in app.operation["message"] and app.state.asked is None


def test_two_applications_that_claim_one_object_are_told(place: Place, namespace: str) -> None:
    one = place.application(namespace, {"a.yaml": text(config_map("a"), config_map("own"))}, automated={"prune": True})
    place.settle()
    files = {"a.yaml": text(config_map("a", "other"), config_map("mine"))}
    other = place.application(f"{namespace}-2", files, destination={"namespace": namespace})
    place.settle()
    assert f"part of application {namespace}" in other.conditions["SharedResourceWarning"]
    other.ask("sync")
    place.scan()
    assert f"part of application {namespace}-2" in one.conditions["SharedResourceWarning"]
    one.push({"a.yaml": text(config_map("own"))})
    assert one.live("configmaps/a"), "what is another application's is not pruned"
    assert one.status[0] == "Synced"


def test_what_is_anothers_is_not_taken_with_fail_on_shared_resource(place: Place, namespace: str) -> None:
    one = place.application(namespace, {"a.yaml": text(config_map("a"))}, automated=AUTO)
    place.settle()
    files = {"a.yaml": text(config_map("a", "other"), config_map("mine"))}
    options = ("FailOnSharedResource=true",)
    other = place.application(f"{namespace}-2", files, destination={"namespace": namespace}, options=options)
    place.settle()
    assert other.ask("sync")["phase"] == "Failed"
    assert f"it is part of application {namespace}" in other.operation["message"]
    assert value(one) == "1" and one.live("configmaps/mine") is None


def test_a_changed_source_waits_for_its_own_look_up(place: Place, namespace: str) -> None:
    files = {"a/a.yaml": text(config_map("a")), "b/a.yaml": text(config_map("a", "b"))}
    app = place.application(namespace, files, source={"path": "a"}, automated=AUTO)
    place.settle()
    app.register(source={"path": "b"}, automated=AUTO)
    before = app.state.status
    app.visit()
    assert (app.state.status, value(app)) == (before, "1")
    place.settle()
    assert (value(app), app.status) == ("b", ("Synced", "Healthy"))
