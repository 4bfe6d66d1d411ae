"""A workload that still rolls out is asked for its pods (argo-behaviour, section 17)."""

from __future__ import annotations

from typing import Any

import pytest

from driftless import health
from driftless.vocabulary.model import HealthStatus

OLD, NEW = "2026-11-21T10:00:00Z", "2026-11-21T11:00:00Z"


def deployment(*, available: int = 0, updated: int = 1, observed: int = 1) -> dict[str, Any]:
    status = {"observedGeneration": observed, "replicas": 1, "updatedReplicas": updated, "availableReplicas": available}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "payments", "namespace": "payments", "generation": 1},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "payments"}}},
        "status": status,
    }


def pod(name: str = "payments-1", *, template: str = "1", created: str = OLD, **status: Any) -> dict[str, Any]:
    labels = {"app": "payments", "pod-template-hash": template}
    metadata = {"name": name, "namespace": "payments", "labels": labels, "creationTimestamp": created}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}


def waits(reason: str, message: str = "") -> dict[str, Any]:
    return {"containerStatuses": [{"name": "app", "state": {"waiting": {"reason": reason, "message": message}}}]}


def unschedulable(message: str) -> dict[str, Any]:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return {"conditions": [condition]}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (waits("CrashLoopBackOff"), "pod payments-1: container app is in CrashLoopBackOff"),
        (waits("ImagePullBackOff", "no such tag"), "ImagePullBackOff: no such tag"),
        (waits("InvalidImageName", "bad name"), "InvalidImageName: bad name"),
        (waits("CreateContainerConfigError"), "CreateContainerConfigError"),
        ({"initContainerStatuses": waits("CrashLoopBackOff")["containerStatuses"]}, "CrashLoopBackOff"),
        (unschedulable("0/3 nodes are available: insufficient cpu"), "cannot be scheduled: 0/3 nodes"),
    ],
)
def test_a_pod_that_cannot_come_up_degrades_its_workload_and_is_named(status: dict[str, Any], words: str) -> None:
    found = health.explain(deployment(), [pod(**status)])
    assert found is not None
    assert found.status is HealthStatus.DEGRADED
    assert words in found.message


@pytest.mark.parametrize(
    "status",
    [
        waits("ContainerCreating"),
        waits("PodInitializing"),
        unschedulable("pod has unbound immediate PersistentVolumeClaims"),
        {"phase": "Running"},
    ],
)
def test_a_pod_that_only_takes_its_time_explains_nothing(status: dict[str, Any]) -> None:
    assert health.explain(deployment(), [pod(**status)]) is None


def test_a_healthy_workload_wants_no_pods() -> None:
    assert health.wants_pods(deployment(available=1)) is None
    assert health.explain(deployment(available=1), [pod(**waits("CrashLoopBackOff"))]) is None


def test_a_progressing_workload_wants_the_pods_of_its_selector() -> None:
    assert health.wants_pods(deployment()) == {"matchLabels": {"app": "payments"}}


def test_a_status_of_an_older_spec_is_not_explained() -> None:
    assert health.wants_pods(deployment(observed=0)) is None


@pytest.mark.parametrize("kind", ["Service", "Ingress"])
def test_what_has_no_pods_of_its_own_wants_none(kind: str) -> None:
    obj = {"apiVersion": "v1", "kind": kind, "metadata": {}, "spec": {"type": "LoadBalancer", "selector": {"app": "x"}}}
    assert health.wants_pods(obj) is None


def test_the_crashing_pods_of_the_template_that_a_rollout_replaces_are_not_blamed_on_it() -> None:
    old, new = pod("old", **waits("CrashLoopBackOff")), pod("new", template="2", created=NEW, **waits("Pulling"))
    assert health.explain(deployment(), [old, new]) is None
    assert health.explain(deployment(updated=0), [old]) is None


def test_the_pods_of_others_are_not_looked_at() -> None:
    other = pod(**waits("CrashLoopBackOff"))
    other["metadata"]["labels"] = {"app": "orders"}
    elsewhere = pod(**waits("CrashLoopBackOff"))
    elsewhere["metadata"]["namespace"] = "orders"
    leaving = pod(**waits("CrashLoopBackOff"))
    leaving["metadata"]["deletionTimestamp"] = NEW
    assert health.explain(deployment(), [other, elsewhere, leaving]) is None


def job(**status: Any) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "migrate", "namespace": "payments"},
        "spec": {"selector": {"matchLabels": {"app": "payments"}}},
        "status": status,
    }


@pytest.mark.parametrize(("reason", "explained"), [("CrashLoopBackOff", False), ("ImagePullBackOff", True)])
def test_a_job_may_retry_a_crash_but_not_a_missing_image(reason: str, explained: bool) -> None:
    found = health.explain(job(active=1), [pod(**waits(reason))])
    assert (found is not None) is explained


@pytest.mark.parametrize(
    ("rule", "selected"),
    [
        ({"key": "app", "operator": "In", "values": ["payments", "x"]}, True),
        ({"key": "app", "operator": "NotIn", "values": ["payments"]}, False),
        ({"key": "tier", "operator": "Exists"}, False),
        ({"key": "tier", "operator": "DoesNotExist"}, True),
        ({"key": "app", "operator": "Near"}, False),
    ],
)
def test_a_selector_may_be_made_of_expressions(rule: dict[str, Any], selected: bool) -> None:
    workload = deployment()
    workload["spec"]["selector"] = {"matchExpressions": [rule]}
    found = health.explain(workload, [pod(**waits("CrashLoopBackOff"))])
    assert (found is not None) is selected
