"""The apply room against a real API server: waves, options, prune, hooks, definitions, namespaces."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from devstack.controlplane import ControlPlane
from driftless.apply import OPERATION, Options, Outcome, delete_hook, ensure_namespace, perform, predict, release_hook
from driftless.outlets.cluster import Cluster, connect
from driftless.vocabulary.errors import ClusterRefused
from driftless.vocabulary.model import HookType, OperationPhase, ResultCode, Task, Verb
from driftless.vocabulary.objects import (
    HOOK,
    HOOK_DELETE_POLICY,
    HOOK_FINALIZER,
    SYNC_OPTIONS,
    TRACKING_ID,
    Manifest,
    group_version,
    key_of,
)

PRUNING = Options(prune=True)


@pytest.fixture
def cluster(controlplane: ControlPlane) -> Cluster:
    return connect(
        {"endpoint": controlplane.endpoint, "caData": controlplane.ca_data, "bearerToken": controlplane.token}
    )


def config_map(namespace: str, name: str, options: str = "", **data: str) -> Manifest:
    meta: dict[str, Any] = {"name": name, "namespace": namespace}
    meta["annotations"] = {TRACKING_ID: f"app:/ConfigMap:{namespace}/{name}"}
    meta["annotations"] |= {SYNC_OPTIONS: options} if options else {}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def job(namespace: str, name: str, policy: str = "", command: str = "true", options: str = "") -> Manifest:
    said = {HOOK: "PreSync"} | ({HOOK_DELETE_POLICY: policy} if policy else {})
    said |= {SYNC_OPTIONS: options} if options else {}
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "example", "command": [command]}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace, "annotations": said},
        "spec": {"template": {"spec": pod}},
    }


def deployment(namespace: str, label: str = "web", options: str = "", **container: Any) -> Manifest:
    pod = {"containers": [{"name": "main", "image": "example:1"} | container]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace}
        | ({"annotations": {SYNC_OPTIONS: options}} if options else {}),
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": label}},
            "template": {"metadata": {"labels": {"app": label}}, "spec": pod},
        },
    }


def apply_task(target: Manifest, live: Manifest | None = None, hook: HookType | None = None) -> Task:
    version = group_version(target)[1]
    return Task(Verb.APPLY, HookType.SYNC, 0, key_of(target), version, target, live, hook)


def prune_task(live: Manifest) -> Task:
    return Task(Verb.PRUNE, HookType.SYNC, 0, key_of(live), group_version(live)[1], None, live)


def read(cluster: Cluster, obj: Manifest) -> Manifest | None:
    return cluster.get(key_of(obj), cluster.kind_of(obj))


def one(cluster: Cluster, task: Task, options: Options = Options()) -> Outcome:  # noqa: B008 - frozen
    (outcome,) = perform(cluster, [task], options)
    return outcome


def eventually(holds: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


# ---- apply -----------------------------------------------------------------------------------------------------------


def test_a_wave_is_applied_and_answers_what_is_live(cluster: Cluster, namespace: str) -> None:
    targets = [config_map(namespace, f"m{n}", x="1") for n in range(5)] + [deployment(namespace)]
    outcomes = perform(cluster, [apply_task(target) for target in targets], Options())
    assert [o.result.status for o in outcomes] == [ResultCode.SYNCED] * 6
    assert [o.result.hook_phase for o in outcomes] == [OperationPhase.RUNNING] * 6
    assert outcomes[0].result.message == "configmap/m0 serverside-applied"
    assert outcomes[-1].result.message == "deployment.apps/web serverside-applied"
    assert all(o.live and o.live["metadata"]["uid"] for o in outcomes)


def test_applying_the_same_again_changes_nothing(cluster: Cluster, namespace: str) -> None:
    target = deployment(namespace)
    first, again = (one(cluster, apply_task(target)).live for _ in range(2))
    assert first and again and first["metadata"]["generation"] == again["metadata"]["generation"]


def test_a_field_that_left_git_goes(cluster: Cluster, namespace: str) -> None:
    live = one(cluster, apply_task(config_map(namespace, "m", kept="1", left="2"))).live
    after = one(cluster, apply_task(config_map(namespace, "m", kept="1"), live)).live
    assert after and after["data"] == {"kept": "1"}


def test_one_failure_does_not_keep_the_others_from_being_tried(cluster: Cluster, namespace: str) -> None:
    wrong = config_map(namespace, "m") | {"data": {"a": 5}}
    bad, good = perform(cluster, [apply_task(wrong), apply_task(deployment(namespace))], Options())
    assert (bad.result.status, bad.result.hook_phase) == (ResultCode.SYNC_FAILED, OperationPhase.FAILED)
    assert good.result.status is ResultCode.SYNCED


def test_an_unknown_kind_fails_with_what_to_do(cluster: Cluster, namespace: str) -> None:
    widget = config_map(namespace, "w") | {"apiVersion": "example.test/v1", "kind": "Widget"}
    result = one(cluster, apply_task(widget)).result
    assert result.status is ResultCode.SYNC_FAILED and "install its CustomResourceDefinition" in result.message


def test_a_dry_run_writes_nothing_and_says_so(cluster: Cluster, namespace: str) -> None:
    target = config_map(namespace, "m")
    assert one(cluster, apply_task(target), Options(dry_run=True)).result.message.endswith("(dry run)")
    assert read(cluster, target) is None


def test_a_dry_run_forgives_a_namespace_made_in_the_same_sync(cluster: Cluster) -> None:
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "made-first"}}
    inside = config_map("made-first", "m")
    outcomes = perform(cluster, [apply_task(made), apply_task(inside)], Options(dry_run=True))
    assert [o.result.status for o in outcomes] == [ResultCode.SYNCED] * 2


def test_a_namespace_that_nobody_makes_is_not_forgiven(cluster: Cluster) -> None:
    result = one(cluster, apply_task(config_map("made-by-nobody", "m")), Options(dry_run=True)).result
    assert result.status is ResultCode.SYNC_FAILED and "made-by-nobody" in result.message


def test_validate_false_leaves_out_what_the_schema_lacks(cluster: Cluster, namespace: str) -> None:
    target = deployment(namespace, options="Validate=false", colour="red")
    target["spec"]["sort"] = "of"
    live = one(cluster, apply_task(target)).live
    assert live and "colour" not in live["spec"]["template"]["spec"]["containers"][0] and "sort" not in live["spec"]
    strict = deployment(namespace, colour="red")
    result = one(cluster, apply_task(strict)).result
    assert result.status is ResultCode.SYNC_FAILED and "colour: field not declared in schema" in result.message


def test_what_comes_back_while_it_is_being_deleted_is_made_anew(cluster: Cluster, namespace: str) -> None:
    before = cluster.apply(deployment(namespace))
    cluster.delete(key_of(before), cluster.kind_of(before))
    after = one(cluster, apply_task(deployment(namespace))).live
    assert after and after["metadata"]["uid"] != before["metadata"]["uid"]


# ---- replace, force --------------------------------------------------------------------------------------------------


def test_an_immutable_field_fails_with_the_servers_reason(cluster: Cluster, namespace: str) -> None:
    live = one(cluster, apply_task(deployment(namespace))).live
    result = one(cluster, apply_task(deployment(namespace, "other"), live)).result
    assert result.status is ResultCode.SYNC_FAILED and "field is immutable" in result.message


@pytest.mark.parametrize(
    ("own", "options"),
    [("Force=true", Options()), ("", Options(force=True)), ("Replace=true,Force=true", Options())],
    ids=["of the object", "of the operation", "with replace"],
)
def test_force_recreates_what_cannot_be_changed(cluster: Cluster, namespace: str, own: str, options: Options) -> None:
    before = one(cluster, apply_task(deployment(namespace))).live
    after = one(cluster, apply_task(deployment(namespace, "other", own), before), options)
    assert after.result.message == "deployment.apps/web replaced"
    assert before and after.live and after.live["metadata"]["uid"] != before["metadata"]["uid"]


def test_force_does_not_delete_for_an_object_that_would_be_refused_anyway(cluster: Cluster, namespace: str) -> None:
    before = one(cluster, apply_task(deployment(namespace))).live
    wrong = deployment(namespace, "other", "Force=true")
    wrong["spec"]["selector"] = {"matchLabels": {"app": "not the template's"}}
    after = one(cluster, apply_task(wrong, before))
    current = read(cluster, wrong)
    assert after.result.status is ResultCode.SYNC_FAILED
    assert before and current and current["metadata"]["uid"] == before["metadata"]["uid"]


def test_replace_takes_the_whole_object(cluster: Cluster, namespace: str) -> None:
    live = one(cluster, apply_task(config_map(namespace, "m", x="1"))).live
    assert live
    strange = [{"op": "add", "path": "/data/strange", "value": "2"}]
    cluster.patch(cluster.kind_of(live), key_of(live), strange, "application/json-patch+json")
    after = one(cluster, apply_task(config_map(namespace, "m", "Replace=true", x="3"), live))
    assert after.live and after.live["data"] == {"x": "3"} and after.result.message == "configmap/m replaced"


def test_replace_creates_what_is_missing(cluster: Cluster, namespace: str) -> None:
    result = one(cluster, apply_task(config_map(namespace, "m", "Replace=true"))).result
    assert result.message == "configmap/m created"


# ---- prune -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "options", "status", "message"),
    [
        ("", PRUNING, ResultCode.PRUNED, "pruned"),
        ("", Options(), ResultCode.PRUNE_SKIPPED, "ignored (requires pruning)"),
        ("Prune=false", PRUNING, ResultCode.PRUNE_SKIPPED, "ignored (no prune)"),
        ("Prune=confirm", PRUNING, ResultCode.PRUNE_SKIPPED, "ignored (waiting for pruning confirmation)"),
        ("", Options(frozenset({"Prune=false"}), prune=True), ResultCode.PRUNE_SKIPPED, "ignored (no prune)"),
        ("Prune=true", Options(frozenset({"Prune=false"}), prune=True), ResultCode.PRUNED, "pruned"),
        ("Prune=false", Options(cascade=True), ResultCode.PRUNED, "pruned"),
        ("", Options(prune=True, dry_run=True), ResultCode.PRUNED, "pruned (dry run)"),
    ],
)
def test_prune(cluster: Cluster, namespace: str, own: str, options: Options, status: ResultCode, message: str) -> None:
    live = cluster.apply(config_map(namespace, "m", own))
    result = one(cluster, prune_task(live), options).result
    assert (result.status, result.message, result.hook_phase) == (status, message, OperationPhase.SUCCEEDED)
    if message == "pruned":
        assert eventually(lambda: read(cluster, live) is None)
    else:
        assert read(cluster, live)


def test_an_object_without_a_tracking_id_is_never_pruned(cluster: Cluster, namespace: str) -> None:
    target = config_map(namespace, "m")
    del target["metadata"]["annotations"]
    live = cluster.apply(target)
    assert one(cluster, prune_task(live), PRUNING).result.status is ResultCode.PRUNE_SKIPPED
    assert read(cluster, live)


def test_a_namesake_made_since_is_not_pruned(cluster: Cluster, namespace: str) -> None:
    seen = cluster.apply(config_map(namespace, "m"))
    cluster.delete(key_of(seen), cluster.kind_of(seen), propagation="Background")
    cluster.apply(config_map(namespace, "m"))
    assert one(cluster, prune_task(seen), PRUNING).result.status is ResultCode.SYNC_FAILED
    assert read(cluster, seen)


def test_what_is_gone_already_counts_as_pruned(cluster: Cluster, namespace: str) -> None:
    seen = cluster.apply(config_map(namespace, "m"))
    cluster.delete(key_of(seen), cluster.kind_of(seen))
    assert one(cluster, prune_task(seen), PRUNING).result.status is ResultCode.PRUNED


# ---- hooks -----------------------------------------------------------------------------------------------------------


def hook(cluster: Cluster, target: Manifest, live: Manifest | None = None, operation: str = "") -> Outcome:
    return one(cluster, apply_task(target, live, HookType.PRE_SYNC), Options(operation=operation))


def test_a_hook_is_held_by_the_finalizer_until_released(cluster: Cluster, namespace: str) -> None:
    live = hook(cluster, job(namespace, "migrate")).live
    assert live and HOOK_FINALIZER in live["metadata"]["finalizers"]
    delete_hook(cluster, live)
    assert eventually(lambda: read(cluster, live) is None)


def test_releasing_keeps_other_finalizers_and_bears_a_stale_object(cluster: Cluster, namespace: str) -> None:
    target = config_map(namespace, "m")
    target["metadata"]["finalizers"] = ["example.test/one"]
    live = hook(cluster, target).live
    assert live and live["metadata"]["finalizers"] == ["example.test/one", HOOK_FINALIZER]
    patch = [{"op": "replace", "path": "/metadata/finalizers", "value": [HOOK_FINALIZER, "example.test/one"]}]
    cluster.patch(cluster.kind_of(live), key_of(live), patch, "application/json-patch+json")
    release_hook(cluster, live)
    release_hook(cluster, live)
    current = read(cluster, live)
    assert current and current["metadata"]["finalizers"] == ["example.test/one"]
    patch = [{"op": "remove", "path": "/metadata/finalizers"}]
    cluster.patch(cluster.kind_of(live), key_of(live), patch, "application/json-patch+json")


def test_the_last_runs_hook_is_replaced_by_default(cluster: Cluster, namespace: str) -> None:
    before = hook(cluster, job(namespace, "migrate")).live
    assert before
    runs: list[Outcome] = []

    def has_run_anew() -> bool:
        runs.append(hook(cluster, job(namespace, "migrate", command="false"), read(cluster, before)))
        return runs[-1].result.status is ResultCode.SYNCED

    assert eventually(has_run_anew)
    assert runs[-1].live and runs[-1].live["metadata"]["uid"] != before["metadata"]["uid"]


def test_a_hook_that_does_not_go_is_waited_for_and_nothing_else_is_applied(cluster: Cluster, namespace: str) -> None:
    stuck = config_map(namespace, "stuck")
    stuck["metadata"]["finalizers"] = ["example.test/stuck"]
    live = hook(cluster, stuck).live
    tasks = [apply_task(stuck, live, HookType.PRE_SYNC), apply_task(config_map(namespace, "other"))]
    (waits,) = perform(cluster, tasks, Options())
    assert (waits.result.status, waits.result.hook_phase) == (None, OperationPhase.RUNNING)
    assert "waiting for the ConfigMap of the last run to be deleted" in waits.result.message
    assert read(cluster, config_map(namespace, "other")) is None
    patch = [{"op": "remove", "path": "/metadata/finalizers"}]
    cluster.patch(cluster.kind_of(stuck), key_of(stuck), patch, "application/json-patch+json")
    again = perform(cluster, [Task(**task_fields(tasks[0], read(cluster, stuck))), tasks[1]], Options())
    assert [o.result.status for o in again] == [ResultCode.SYNCED] * 2


def task_fields(task: Task, live: Manifest | None) -> dict[str, Any]:
    names = ("verb", "phase", "wave", "key", "version", "target", "hook")
    return {name: getattr(task, name) for name in names} | {"live": live}


def test_another_delete_policy_keeps_the_last_runs_hook(cluster: Cluster, namespace: str) -> None:
    before = hook(cluster, job(namespace, "migrate", "HookSucceeded")).live
    after = hook(cluster, job(namespace, "migrate", "HookSucceeded"), before).live
    assert before and after and after["metadata"]["uid"] == before["metadata"]["uid"]


def test_a_step_done_twice_does_not_run_its_hook_twice(cluster: Cluster, namespace: str) -> None:
    first = hook(cluster, job(namespace, "migrate"), operation="op-1").live
    twice = hook(cluster, job(namespace, "migrate"), first, operation="op-1")
    assert first and twice.live and twice.live["metadata"]["uid"] == first["metadata"]["uid"]
    assert twice.live["metadata"]["annotations"][OPERATION] == "op-1/Sync"
    assert twice.result.status is ResultCode.SYNCED


@pytest.mark.parametrize(("phase", "operation"), [(HookType.POST_SYNC, "op-1"), (HookType.SYNC, "op-1/retry-1")])
def test_another_phase_or_attempt_runs_the_hook_anew(
    cluster: Cluster, namespace: str, phase: HookType, operation: str
) -> None:
    target = config_map(namespace, "both")
    first = hook(cluster, target, operation="op-1").live
    task = Task(Verb.APPLY, phase, 0, key_of(target), "v1", target, first, HookType.PRE_SYNC)
    again = one(cluster, task, Options(operation=operation)).live
    assert first and again and again["metadata"]["uid"] != first["metadata"]["uid"]


# ---- definitions, namespaces -----------------------------------------------------------------------------------------


def definition(plural: str, kind: str) -> Manifest:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.example.test"},
        "spec": {
            "group": "example.test",
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [version],
        },
    }


def test_a_definition_and_its_object_go_in_one_wave(cluster: Cluster, namespace: str) -> None:
    widget = config_map(namespace, "w") | {"apiVersion": "example.test/v1", "kind": "Gadget"}
    tasks = [apply_task(definition("gadgets", "Gadget")), apply_task(widget)]
    dry = perform(cluster, tasks, Options(dry_run=True))
    assert [o.result.status for o in dry] == [ResultCode.SYNCED] * 2
    outcomes = perform(cluster, tasks, Options())
    assert [o.result.message for o in outcomes] == [
        "customresourcedefinition.apiextensions.k8s.io/gadgets.example.test serverside-applied",
        "gadget.example.test/w serverside-applied",
    ]


def test_a_missing_namespace_is_made_once(cluster: Cluster) -> None:
    made = ensure_namespace(cluster, "made-once", {"team": "a"}, {"note": "x"})
    assert made and made.live and made.live["metadata"]["labels"]["team"] == "a"
    assert TRACKING_ID not in made.live["metadata"]["annotations"]
    assert ensure_namespace(cluster, "made-once", {"team": "a"}, {"note": "x"}) is None


def test_managed_metadata_follows_and_foreign_metadata_stays(cluster: Cluster) -> None:
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shared", "labels": {"foreign": "1"}}})
    ensure_namespace(cluster, "shared", {"a": "1", "b": "1"}, {})
    after = ensure_namespace(cluster, "shared", {"a": "2"}, {})
    assert after and after.live
    labels = after.live["metadata"]["labels"]
    assert labels["foreign"] == "1" and labels["a"] == "2" and "b" not in labels


def test_a_namespace_on_its_way_out_is_waited_for(cluster: Cluster) -> None:
    held = {"name": "held", "finalizers": ["example.test/held"]}
    live = cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": held})
    cluster.delete(key_of(live), cluster.kind_of(live))
    outcome = ensure_namespace(cluster, "held", {}, {})
    patch = [{"op": "remove", "path": "/metadata/finalizers"}]
    cluster.patch(cluster.kind_of(live), key_of(live), patch, "application/json-patch+json")
    assert outcome and (outcome.result.status, outcome.result.hook_phase) == (None, OperationPhase.RUNNING)


# ---- predict ---------------------------------------------------------------------------------------------------------


def test_a_prediction_holds_the_servers_defaults(cluster: Cluster, namespace: str) -> None:
    live = cluster.apply(deployment(namespace))
    (same,) = predict(cluster, [(deployment(namespace), live)])
    assert not isinstance(same, ClusterRefused) and same["spec"] == live["spec"]


def test_a_prediction_names_why_the_server_refuses(cluster: Cluster, namespace: str) -> None:
    live = cluster.apply(deployment(namespace))
    (no,) = predict(cluster, [(deployment(namespace, "other"), live)])
    assert isinstance(no, ClusterRefused) and "immutable" in no.message


def test_what_may_be_recreated_differs_instead_of_failing(cluster: Cluster, namespace: str) -> None:
    live = cluster.apply(deployment(namespace))
    (other,) = predict(cluster, [(deployment(namespace, "other", "Force=true"), live)])
    assert not isinstance(other, ClusterRefused) and other["spec"]["selector"] == {"matchLabels": {"app": "other"}}
