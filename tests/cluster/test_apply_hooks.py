"""Hooks, definitions and namespaces against a real API server: what is made first, held, waited for and let go."""

from __future__ import annotations

from typing import Any

import pytest

from devstack.controlplane import ControlPlane
from driftless.apply import OPERATION, Options, Outcome, delete_hook, ensure_namespace, perform, release_hook
from driftless.outlets.cluster import Cluster, connect
from driftless.vocabulary.model import HookType, OperationPhase, ResultCode, Task, Verb
from driftless.vocabulary.objects import HOOK_FINALIZER, TRACKING_ID, Manifest, key_of
from tests.cluster.apply_samples import apply_task, config_map, eventually, job, one, read


@pytest.fixture
def cluster(controlplane: ControlPlane) -> Cluster:
    return connect(
        {"endpoint": controlplane.endpoint, "caData": controlplane.ca_data, "bearerToken": controlplane.token}
    )


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
