"""What counts as a difference, and what never does (argo-behaviour 4.1-4.3)."""

from __future__ import annotations

from typing import Any

import pytest

from driftless.compare import modified, respected
from driftless.vocabulary.argo import IgnoreRule
from driftless.vocabulary.errors import NotBuiltYet
from tests.unit.compare.shaped import MARK, applied, deployment

REPLICAS = IgnoreRule("apps", "Deployment", json_pointers=("/spec/replicas",))


def configmap(data: dict[str, str] | None = None, **metadata: Any) -> dict[str, Any]:
    named = {"name": "a", "namespace": "payments", **metadata}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": named, "data": data or {}}


def test_a_changed_field_is_a_difference() -> None:
    assert modified(deployment({"replicas": 3}), deployment({"replicas": 5}))


def test_what_the_server_owns_is_none() -> None:
    live = configmap(
        {"k": "v"},
        uid="u2",
        resourceVersion="9",
        creationTimestamp="2026-11-21T09:00:00Z",
        generation=4,
        selfLink="/x",
        managedFields=[applied({})],
        annotations={"kubectl.kubernetes.io/last-applied-configuration": "{}"},
    ) | {"status": {"ready": True}}
    assert not modified(configmap({"k": "v"}), live)


@pytest.mark.parametrize("empty", [{}, {"annotations": {}}, {"labels": {}}, {"annotations": None}])
def test_an_empty_map_of_metadata_is_as_good_as_none(empty: dict[str, Any]) -> None:
    assert not modified(configmap(), configmap(**empty))


def role(**parts: Any) -> dict[str, Any]:
    api = "rbac.authorization.k8s.io/v1"
    return {"apiVersion": api, "kind": "ClusterRole", "metadata": {"name": "a"}, **parts}


def test_the_rules_of_an_aggregated_role_are_its_controllers() -> None:
    aggregated: dict[str, Any] = {"aggregationRule": {"clusterRoleSelectors": []}}
    assert not modified(role(rules=[], **aggregated), role(rules=[{"verbs": ["get"]}], **aggregated))


def test_the_rules_of_any_other_role_are_gits() -> None:
    assert modified(role(rules=[]), role(rules=[{"verbs": ["get"]}]))
    assert not modified(role(rules=[]), role(rules=None))


def test_an_object_tracked_by_label_is_not_modified_for_the_missing_annotation_alone() -> None:
    wanted = configmap(annotations={MARK: "shop:/ConfigMap:payments/a"}, labels={"app.kubernetes.io/instance": "shop"})
    assert not modified(wanted, configmap(labels={"app.kubernetes.io/instance": "shop"}))


@pytest.mark.parametrize(
    "live",
    [
        configmap(labels={"app.kubernetes.io/instance": "other"}),
        configmap(),
        configmap(labels={"app.kubernetes.io/instance": "shop"}, annotations={MARK: "other:/ConfigMap:payments/a"}),
    ],
    ids=["of another application", "untracked", "annotated by another"],
)
def test_an_object_of_nobody_or_of_others_has_to_be_marked(live: dict[str, Any]) -> None:
    labels = live["metadata"].get("labels", {})
    assert modified(configmap(annotations={MARK: "shop:/ConfigMap:payments/a"}, labels=labels), live)


@pytest.mark.parametrize(
    ("rule", "ignored"),
    [
        (REPLICAS, True),
        (IgnoreRule("*", "*", json_pointers=("/spec/replicas",)), True),
        (IgnoreRule("{apps,batch}", "Dep*", json_pointers=("/spec/replicas",)), True),
        (IgnoreRule("apps", "Deployment", "payments", "payments", ("/spec/replicas",)), True),
        (IgnoreRule("apps", "Deployment", json_pointers=("/spec",)), True),
        (IgnoreRule("apps", "Deployment", "orders", "", ("/spec/replicas",)), False),
        (IgnoreRule("apps", "Deployment", "", "orders", ("/spec/replicas",)), False),
        (IgnoreRule("", "Deployment", json_pointers=("/spec/replicas",)), False),
        (IgnoreRule("apps", "StatefulSet", json_pointers=("/spec/replicas",)), False),
        (IgnoreRule("apps", "Deployment", json_pointers=("/spec/other", "/spec/replicas/0", "spec/replicas")), False),
        (IgnoreRule("apps", "Deployment", json_pointers=("/spec/*",)), False),
    ],
)
def test_a_rule_ignores_the_fields_of_the_objects_that_it_names(rule: IgnoreRule, ignored: bool) -> None:
    assert modified(deployment({"replicas": 3}), deployment({"replicas": 5}), (rule,)) is not ignored


@pytest.mark.parametrize(
    ("pointer", "wanted", "live"),
    [
        ("/metadata/annotations/example.com~1seen", {"annotations": {"example.com/seen": "1"}}, {}),
        ("/metadata/annotations/a~0b", {}, {"annotations": {"a~b": "1"}}),
        ("/metadata/finalizers/1", {"finalizers": ["a", "b"]}, {"finalizers": ["a", "c"]}),
        ("/metadata/labels", {"labels": {"a": "1"}}, {}),
    ],
)
def test_a_pointer_may_lead_anywhere_on_either_side(pointer: str, wanted: dict[str, Any], live: dict[str, Any]) -> None:
    rule = IgnoreRule("", "ConfigMap", json_pointers=(pointer,))
    assert modified(configmap(**wanted), configmap(**live))
    assert not modified(configmap(**wanted), configmap(**live), (rule,))


def test_two_pointers_into_one_list_mean_its_items_as_they_were() -> None:
    rule = IgnoreRule("", "ConfigMap", json_pointers=("/metadata/finalizers/0", "/metadata/finalizers/1"))
    assert not modified(configmap(finalizers=["a", "b", "c"]), configmap(finalizers=["x", "y", "c"]), (rule,))


def containers(image: str, extra: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"containers": [{"name": "app", "image": image}, *([extra] if extra else [])]}


def test_fields_of_a_listed_manager_are_ignored_where_they_differ() -> None:
    mesh = applied({"replicas": 5}, "mesh", "Update")
    mesh["fieldsV1"] = {"f:spec": {"f:replicas": {}, "f:paused": {}}}
    live = deployment({"replicas": 5, "paused": True}, mesh)
    rule = IgnoreRule("apps", "Deployment", managed_fields_managers=("mesh",))
    assert not modified(deployment({"replicas": 3}), live, (rule,))
    assert modified(deployment({"replicas": 3, "minReadySeconds": 1}), live, (rule,))
    assert modified(
        deployment({"replicas": 3}), live, (IgnoreRule("apps", "Deployment", managed_fields_managers=("x",)),)
    )


def test_a_managers_field_in_a_list_is_found_wherever_the_item_stands() -> None:
    mesh = applied({"spec": containers("app:2")}, "mesh", "Update")
    live = deployment({"containers": [{"name": "proxy", "image": "p"}, {"name": "app", "image": "app:2"}]}, mesh)
    wanted = deployment({"containers": [{"name": "proxy", "image": "p"}, {"name": "app", "image": "app:1"}]})
    assert not modified(wanted, live, (IgnoreRule("apps", "Deployment", managed_fields_managers=("mesh",)),))


def test_a_rule_with_a_jq_expression_is_refused_by_name() -> None:
    rule = IgnoreRule("apps", "Deployment", jq_path_expressions=(".spec",))
    with pytest.raises(NotBuiltYet, match="apps/Deployment: jqPathExpressions are not built yet"):
        modified(deployment({}), deployment({}), (rule,))


SIDECAR = {"name": "proxy", "image": "p:1"}


@pytest.mark.parametrize(
    ("predicted", "live", "differs"),
    [
        (containers("app:1", SIDECAR), containers("app:1"), False),
        (containers("app:1", SIDECAR), containers("app:1", {"name": "proxy", "image": "p:2"}), False),
        (containers("app:1"), containers("app:1", SIDECAR), False),
        (containers("app:1") | {"stamp": "now"}, containers("app:1") | {"stamp": "then"}, False),
        (containers("app:1"), containers("app:2"), True),
        (containers("app:1", SIDECAR), containers("app:2"), True),
    ],
    ids=["added item", "changed item", "removed item", "changed field", "drift", "drift beside an added item"],
)
def test_what_a_webhook_put_into_the_answer_is_no_difference(
    predicted: dict[str, Any], live: dict[str, Any], differs: bool
) -> None:
    ours = applied({"spec": containers("app:1")})
    assert modified(deployment(predicted, ours), deployment(live, ours)) is differs


def test_what_left_git_is_a_difference() -> None:
    before, now = {"spec": {"replicas": 3, "paused": True}}, {"spec": {"replicas": 3}}
    live = deployment({"replicas": 3, "paused": True}, applied(before))
    assert modified(deployment({"replicas": 3}, applied(now)), live)


def test_a_default_that_comes_back_for_what_left_git_is_a_difference() -> None:
    live = deployment({"replicas": 3}, applied({"spec": {"replicas": 3}}))
    assert modified(deployment({"replicas": 1}, applied({"spec": {"paused": False}})), live)


@pytest.mark.parametrize("manager", ["kubectl-client-side-apply", "argocd-controller", "helm"])
def test_what_left_git_is_a_difference_whoever_applied_it_before_us(manager: str) -> None:
    ours = applied({"spec": {"replicas": 3}})
    live = deployment({"replicas": 3, "paused": True}, ours, applied({"spec": {"paused": True}}, manager, "Update"))
    assert modified(deployment({"replicas": 3}, ours), live)


def test_an_item_that_left_git_is_a_difference() -> None:
    live = deployment(containers("app:1", SIDECAR), applied({"spec": containers("app:1", SIDECAR)}))
    assert modified(deployment(containers("app:1"), applied({"spec": containers("app:1")})), live)


def test_a_new_order_of_what_git_declares_is_a_difference() -> None:
    both, turned = [SIDECAR, {"name": "app"}], [{"name": "app"}, SIDECAR]
    ours = applied({"spec": {"containers": both}})
    assert modified(deployment({"containers": both}, ours), deployment({"containers": turned}, ours))


def test_respected_differences_are_applied_as_they_live() -> None:
    rules = (IgnoreRule("apps", "Deployment", json_pointers=("/spec/replicas", "/spec/paused", "/spec/absent")),)
    target = deployment({"replicas": 3, "paused": True})
    live = deployment({"replicas": 5, "absent": 1})
    assert respected(target, live, rules)["spec"] == {"replicas": 5}
    assert target["spec"] == {"replicas": 3, "paused": True}
    assert respected(target, live, ()) is target
