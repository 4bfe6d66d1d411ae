"""No false difference against a real API server, and every real one: its dry run is the judge."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from devstack.controlplane import ControlPlane
from driftless import apply
from driftless.compare import modified, needs_prediction
from driftless.compare.fingerprint import fingerprint
from driftless.compare.unified import changed_paths, unified
from driftless.outlets.cluster import connect
from driftless.vocabulary.argo import IgnoreRule
from driftless.vocabulary.objects import Manifest, key_of
from tests.cluster.comparable import CRD, EVERYTHING, RBAC, Place, obj, plain, workload


@pytest.fixture
def place(controlplane: ControlPlane, namespace: str) -> Place:
    return Place(controlplane, namespace)


@pytest.mark.parametrize("manifest", EVERYTHING, ids=lambda manifest: manifest["kind"])
def test_what_was_just_applied_is_not_modified(place: Place, manifest: Manifest) -> None:
    target = place.target(manifest)
    place.apply(target)
    predicted, live = place.predict(target), place.read(target)
    assert not modified(predicted, live)
    assert unified(key_of(live), predicted, live) == ""
    assert changed_paths(predicted, live) == []


@pytest.mark.parametrize(
    "manifest", [plain(), *EVERYTHING[3:6], EVERYTHING[7], *EVERYTHING[9:]], ids=lambda m: m["kind"]
)
def test_what_was_just_applied_needs_no_dry_run(place: Place, manifest: Manifest) -> None:
    target = place.target(manifest)
    place.apply(target)
    live = place.read(target)
    assert not needs_prediction(target, live)
    assert needs_prediction(target, place.edit(target, {"metadata": {"annotations": dict.fromkeys(_marks(target))}}))


def _marks(target: Manifest) -> list[str]:
    return list(target["metadata"]["annotations"])


def test_kubectl_scale_shows_the_lessons_hunk_and_who_did_it(place: Place) -> None:
    target = place.target(plain())
    place.apply(target)
    place.edit(target, {"spec": {"replicas": 5}}, "/scale")
    predicted, live = place.predict(target), place.read(target)
    assert needs_prediction(target, live)
    assert modified(predicted, live)
    text = unified(key_of(live), predicted, live)
    assert text.startswith(
        f"===== apps/Deployment {place.namespace}/payments =====\n--- desired (Git)\n+++ live (cluster)\n@@ -"
    )
    assert " spec:\n-  replicas: 3\n+  replicas: 5\n   selector:\n" in text
    assert text.count("@@ -") == 1
    (change,) = changed_paths(predicted, live)
    assert (change.path, change.desired, change.live) == ("spec.replicas", 3, 5)
    assert (change.manager, change.operation) == ("kubectl", "Update scale")


def test_an_edited_field_names_who_edited_it_and_when(place: Place) -> None:
    target = place.target(plain())
    place.apply(target)
    place.edit(target, {"spec": {"template": {"metadata": {"labels": {"app": "payments", "by": "hand"}}}}})
    place.edit(target, {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 5}}, "replicas": 1}})
    (change,) = changed_paths(place.predict(target), place.read(target))
    assert (change.path, change.manager, change.operation) == ("spec.replicas", "kubectl", "Update")
    assert change.time.startswith("20")


def test_replicas_left_to_the_autoscaler_are_ignored(place: Place) -> None:
    target = place.target(plain())
    place.apply(target)
    place.edit(target, {"spec": {"replicas": 8}}, "/scale")
    predicted, live = place.predict(target), place.read(target)
    assert not modified(predicted, live, (IgnoreRule("apps", "Deployment", json_pointers=("/spec/replicas",)),))
    assert not modified(predicted, live, (IgnoreRule("apps", "Deployment", managed_fields_managers=("kubectl",)),))


def test_the_rules_of_an_aggregated_cluster_role_are_its_controllers(place: Place) -> None:
    selector = {"matchLabels": {"rbac.example.com/aggregate": place.namespace}}
    name = f"{place.namespace}-all"
    manifest = obj(RBAC, "ClusterRole", name, rules=[], aggregationRule={"clusterRoleSelectors": [selector]})
    target = place.target(manifest)
    place.apply(target)
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    place.edit(target, {"rules": rules})
    assert not modified(place.predict(target), place.read(target))
    place.delete(target)


def test_what_others_added_is_not_drift(place: Place) -> None:
    target = place.target(plain())
    place.apply(target)
    proxy = {"name": "proxy", "image": "proxy:1"}
    mesh = obj("apps/v1", "Deployment", spec={"template": {"spec": {"containers": [proxy]}}})
    mesh["metadata"]["labels"] = {"team": "a"}
    place.apply(mesh, "mesh")
    live = place.read(target)
    assert not modified(place.predict(target), live)
    assert not needs_prediction(target, live)


@pytest.mark.parametrize("key", ["password", "token"])
def test_a_changed_secret_value_is_drift_and_never_shown(place: Place, key: str) -> None:
    target = place.target(EVERYTHING[5])
    place.apply(target)
    place.edit(target, {"data": {key: "ZWRpdGVk"}})
    predicted, live = place.predict(target), place.read(target)
    text = unified(key_of(live), predicted, live)
    assert f"-  {key}: ++++++++\n+  {key}: ++++++++++++\n" in text
    assert "ZWRpdGVk" not in text + str(changed_paths(predicted, live))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (obj("v1", "ConfigMap", data={"a": "1", "b": "2"}), obj("v1", "ConfigMap", data={"a": "1"})),
        (obj("v1", "Secret", stringData={"a": "1", "b": "2"}), obj("v1", "Secret", stringData={"a": "1"})),
        (workload(paused=True), workload()),
        (workload(minReadySeconds=5), workload()),
    ],
    ids=["data", "stringData", "optional field", "defaulted field"],
)
def test_what_left_git_is_modified_until_it_is_applied(place: Place, before: Manifest, after: Manifest) -> None:
    place.apply(place.target(before))
    target = place.target(after)
    live = place.read(target)
    assert needs_prediction(target, live)
    assert modified(place.predict(target), live)
    place.apply(target)
    assert not modified(place.predict(target), place.read(target))


def test_what_left_git_is_modified_when_kubectl_had_applied_it(controlplane: ControlPlane, place: Place) -> None:
    target = place.target(obj("v1", "ConfigMap", data={"a": "1"}))
    place.create(target | {"data": {"a": "1", "b": "2"}}, "kubectl-client-side-apply")
    config = {"endpoint": controlplane.endpoint, "caData": controlplane.ca_data, "bearerToken": controlplane.token}
    live = place.read(target)
    (predicted,) = apply.predict(connect(config), [(target, live)])
    assert needs_prediction(target, live)
    assert isinstance(predicted, dict)
    assert [change.path for change in changed_paths(predicted, live)] == ["data.b"]


def test_a_drifted_default_that_git_does_not_declare_is_not_modified(place: Place) -> None:
    target = place.target(plain())
    place.apply(target)
    place.edit(target, {"spec": {"revisionHistoryLimit": 2}})
    assert not modified(place.predict(target), place.read(target))


def test_a_fingerprint_survives_status_and_moves_with_drift(place: Place) -> None:
    target = place.target(plain())
    place.apply(target)
    first = place.read(target)
    condition = {"type": "Progressing", "status": "True", "reason": "Seen"}
    place.edit(target, {"status": {"conditions": [condition]}}, "/status")
    second = place.read(target)
    assert first["metadata"]["resourceVersion"] != second["metadata"]["resourceVersion"]
    assert fingerprint(first) == fingerprint(second)
    place.edit(target, {"spec": {"replicas": 4}}, "/scale")
    assert fingerprint(place.read(target)) != fingerprint(second)


def test_a_crd_that_was_just_applied_is_not_modified(place: Place) -> None:
    target = place.target(CRD)
    place.apply(target)
    assert not modified(place.predict(target), place.read(target))
    place.delete(target)


STAMP = "compare.example.com/stamp"


@pytest.fixture
def stamped(controlplane: ControlPlane, place: Place) -> Iterator[Place]:
    """A namespace in which admission writes a value of its own into every ConfigMap, another one in a dry run."""
    api, group = "admissionregistration.k8s.io/v1", "/apis/admissionregistration.k8s.io/v1"
    patch = (
        "Object{metadata: Object.metadata{annotations: {'" + STAMP + "': string(request.dryRun)}}, "
        "data: {'stamp': string(request.dryRun)}}"
    )
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}
    spec = {
        "reinvocationPolicy": "Never",
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": patch}}],
    }
    within = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": place.namespace}}}
    name = place.namespace
    binding = {"policyName": name, "matchResources": within}
    for kind, plural, body in (
        ("MutatingAdmissionPolicy", "mutatingadmissionpolicies", spec),
        ("MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings", binding),
    ):
        made = {"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": body}
        status, answer = controlplane.request("POST", f"{group}/{plural}", made)
        assert status == 201, answer
    yield place
    for plural in ("mutatingadmissionpolicybindings", "mutatingadmissionpolicies"):
        controlplane.request("DELETE", f"{group}/{plural}/{name}")


def test_what_admission_writes_is_no_drift_and_what_git_says_still_is(stamped: Place) -> None:
    target = stamped.target(obj("v1", "ConfigMap", data={"a": "1"}))
    deadline = time.monotonic() + 30
    while STAMP not in stamped.apply(target)["metadata"]["annotations"]:
        assert time.monotonic() < deadline, "the admission policy never took effect"
        time.sleep(0.2)
    predicted, live = stamped.predict(target), stamped.read(target)
    assert (predicted["data"]["stamp"], live["data"]["stamp"]) == ("true", "false")
    assert not modified(predicted, live)
    stamped.edit(target, {"data": {"a": "2"}})
    (change,) = changed_paths(stamped.predict(target), stamped.read(target))
    assert (change.path, change.desired, change.live) == ("data.a", "1", "2")
