"""From rendered objects to targets (argo-behaviour, section 3)."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from driftless.compare import owned, owner, tracking_id
from driftless.compare.targets import Targets, targets
from driftless.vocabulary.model import ConditionType
from driftless.vocabulary.objects import TRACKING_ID, ObjectKey

CLUSTER_KINDS = {"Namespace", "ClusterRole", "CustomResourceDefinition"}
NAMESPACED_KINDS = {"ConfigMap", "Secret", "Deployment", "Job"}


def scope(group: str, kind: str) -> bool | None:
    return True if kind in NAMESPACED_KINDS else False if kind in CLUSTER_KINDS else None


def obj(kind: str, name: str = "a", api: str = "v1", **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **metadata}}


def target(*objects: dict[str, Any], namespace: str = "payments") -> Targets:
    return targets(objects, "shop", namespace, scope)


@pytest.mark.parametrize(
    ("given", "namespace"),
    [
        (obj("ConfigMap"), "payments"),
        (obj("ConfigMap", namespace="own"), "own"),
        (obj("Namespace", namespace="own"), None),
        (obj("Widget", api="example.com/v1"), "payments"),
    ],
    ids=["defaulted", "kept", "cleared", "unknown kind is namespaced"],
)
def test_an_object_gets_the_namespace_of_its_scope(given: dict[str, Any], namespace: str | None) -> None:
    assert target(given).objects[0]["metadata"].get("namespace") == namespace


def test_a_crd_of_the_same_bundle_says_the_scope_of_its_kind() -> None:
    crd = obj("CustomResourceDefinition", api="apiextensions.k8s.io/v1")
    crd["spec"] = {"group": "example.com", "names": {"kind": "Widget"}, "scope": "Cluster"}
    widget = target(crd, obj("Widget", api="example.com/v1")).objects[1]
    assert "namespace" not in widget["metadata"]


@pytest.mark.parametrize(
    ("given", "mark"),
    [
        (obj("Deployment", api="apps/v1"), "shop:apps/Deployment:payments/a"),
        (obj("ConfigMap"), "shop:/ConfigMap:payments/a"),
        (obj("Namespace"), "shop:/Namespace:payments/a"),
        (obj("Job", api="batch/v1", annotations={"argocd.argoproj.io/hook": "PreSync"}), "shop:batch/Job:payments/a"),
        (obj("CustomResourceDefinition", api="apiextensions.k8s.io/v1"), None),
    ],
)
def test_an_object_carries_its_tracking_id(given: dict[str, Any], mark: str | None) -> None:
    assert (target(given).objects[0]["metadata"].get("annotations") or {}).get(TRACKING_ID) == mark


def test_the_rendered_objects_are_left_as_they_are() -> None:
    given = [obj("Secret", annotations={"a": "b"}) | {"stringData": {"k": "v"}}, obj("Namespace", namespace="x")]
    before = copy.deepcopy(given)
    target(*given)
    assert given == before


def test_of_duplicates_the_last_is_kept_and_told() -> None:
    found = target(
        obj("ConfigMap") | {"data": {"n": "1"}}, obj("ConfigMap", namespace="payments") | {"data": {"n": "2"}}
    )
    assert [o["data"] for o in found.objects] == [{"n": "2"}]
    assert [c.type for c in found.conditions] == [ConditionType.REPEATED_RESOURCE_WARNING]
    assert "ConfigMap payments/a appears 2 times" in found.conditions[0].message


def test_objects_with_a_generated_name_are_never_duplicates() -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "migrate-"}}
    found = target(job, job)
    assert len(found.objects) == 2
    assert not found.conditions


@pytest.mark.parametrize("kind", ["ConfigMap", "Widget"])
def test_a_namespaced_object_without_any_namespace_is_an_invalid_spec(kind: str) -> None:
    found = target(obj(kind), obj("Namespace"), namespace="")
    assert [c.type for c in found.conditions] == [ConditionType.INVALID_SPEC_ERROR]
    assert f"{kind} a has no namespace" in found.conditions[0].message


def test_the_text_of_a_secret_becomes_its_data() -> None:
    secret = obj("Secret") | {"data": {"old": "b2xk", "both": "eA=="}, "stringData": {"both": "new", "nil": None}}
    found = target(secret).objects[0]
    assert found["data"] == {"old": "b2xk", "both": "bmV3", "nil": ""}
    assert "stringData" not in found


@pytest.mark.parametrize(
    "wrong", [{"stringData": {"n": 1}}, {"stringData": {"n": {"m": "x"}}}, {"data": "x", "stringData": {"a": "b"}}]
)
def test_a_secret_that_is_none_is_left_for_the_api_server_to_refuse(wrong: dict[str, Any]) -> None:
    found = target(obj("Secret") | wrong).objects[0]
    assert {key: found[key] for key in wrong} == wrong


def tracked(mark: str, kind: str = "ConfigMap", namespace: str = "payments") -> dict[str, Any]:
    live = obj(kind, annotations={TRACKING_ID: mark})
    return live if kind == "Namespace" else live | {"metadata": live["metadata"] | {"namespace": namespace}}


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (tracked("shop:/ConfigMap:payments/a"), "shop"),
        (tracked("argo_shop:/ConfigMap:payments/a"), "argo_shop"),
        (tracked("shop:/Namespace:payments/a", "Namespace"), "shop"),
        (tracked("shop:/ConfigMap:payments/b"), None),
        (tracked("shop:/ConfigMap:elsewhere/a"), None),
        (tracked("shop:/Service:payments/a"), None),
        (tracked("shop:apps/ConfigMap:payments/a"), None),
        (tracked("shop:/ConfigMap"), None),
        (tracked("shop:ConfigMap:payments/a"), None),
        (tracked("shop:/ConfigMap:payments/a/b"), None),
        (tracked(""), None),
        (obj("ConfigMap"), None),
    ],
)
def test_an_owner_is_who_the_objects_own_tracking_id_names(live: dict[str, Any], expected: str | None) -> None:
    assert owner(live) == expected
    assert owned(live, "shop") is (expected == "shop")


def test_what_is_marked_is_owned() -> None:
    for made in target(obj("ConfigMap"), obj("Namespace", name="b"), obj("Widget", api="example.com/v1")).objects:
        assert owned(made, "shop")


def test_a_tracking_id_of_a_cluster_scoped_object_names_the_destination_namespace() -> None:
    assert tracking_id("shop", ObjectKey("", "Namespace", "", "a"), "payments") == "shop:/Namespace:payments/a"
