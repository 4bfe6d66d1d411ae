"""The steady state costs nothing: what proves that an apply, or a look, can be left out."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from driftless.compare import needs_prediction
from driftless.compare.fingerprint import fingerprint
from tests.unit.compare.shaped import MARK, applied, deployment

SPEC: dict[str, Any] = {
    "replicas": 3,
    "strategy": {"type": "Recreate"},
    "containers": [{"name": "app", "image": "app:1", "args": ["a", "b"]}, {"name": "log", "image": "log:1"}],
}
META = {"annotations": {MARK: "shop:apps/Deployment:payments/payments"}}
DECLARED = {"metadata": META, "spec": SPEC}


def target(spec: dict[str, Any] | None = None) -> dict[str, Any]:
    named = {"name": "payments", "namespace": "payments", **META}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": named, "spec": SPEC if spec is None else spec}


def live(**changed: Any) -> dict[str, Any]:
    spec = copy.deepcopy(SPEC) | {"revisionHistoryLimit": 10}
    spec["containers"][0]["terminationMessagePath"] = "/dev/termination-log"
    return deployment(spec | changed, applied(DECLARED), metadata=copy.deepcopy(META))


def test_what_we_applied_and_nobody_touched_needs_no_dry_run() -> None:
    assert not needs_prediction(target(), live())


def test_an_injected_container_of_others_needs_none_either() -> None:
    found = live()
    found["spec"]["containers"].insert(0, {"name": "proxy", "image": "p"})
    assert not needs_prediction(target(), found)


@pytest.mark.parametrize(
    "spec",
    [
        SPEC | {"replicas": 4},
        SPEC | {"paused": False},
        {key: value for key, value in SPEC.items() if key != "strategy"},
        SPEC | {"replicas": "3"},
        SPEC | {"replicas": True},
        SPEC | {"containers": SPEC["containers"][::-1]},
        SPEC | {"containers": SPEC["containers"][:1]},
        SPEC | {"containers": [*SPEC["containers"], {"name": "new"}]},
        {},
    ],
    ids=["value", "added", "removed", "type", "boolean", "order", "item removed", "item added", "all removed"],
)
def test_a_changed_manifest_needs_a_dry_run(spec: dict[str, Any]) -> None:
    assert needs_prediction(target(spec), live())


@pytest.mark.parametrize(
    "changed",
    [
        {"replicas": 5},
        {"strategy": {"type": "RollingUpdate"}},
        {"containers": [{"name": "app", "image": "app:1", "args": ["a"]}, {"name": "log", "image": "log:1"}]},
        {"containers": [{"name": "app", "image": "app:1", "args": ["a", "b"]}]},
        {"containers": []},
    ],
)
def test_a_changed_object_needs_a_dry_run(changed: dict[str, Any]) -> None:
    assert needs_prediction(target(), live(**changed))


def test_an_object_that_we_did_not_apply_needs_a_dry_run() -> None:
    for managed in (
        [],
        [applied(DECLARED, "kubectl")],
        [applied(DECLARED, operation="Update")],
        [applied(DECLARED)] * 2,
    ):
        assert needs_prediction(target(), deployment(SPEC, *managed, metadata=META))


@pytest.mark.parametrize("manager", ["kubectl-client-side-apply", "argocd-controller", "helm"])
def test_an_object_that_others_applied_as_well_needs_a_dry_run(manager: str) -> None:
    found = live()
    found["metadata"]["managedFields"].append(applied({"metadata": {"labels": {"old": "1"}}}, manager, "Update"))
    assert needs_prediction(target(), found)


def test_another_version_of_the_kind_needs_a_dry_run() -> None:
    assert needs_prediction(target() | {"apiVersion": "apps/v1beta1"}, live())


def test_a_creation_a_prune_and_a_hook_are_decided_without_one() -> None:
    hook = target() | {"metadata": {"name": "h", "annotations": {"argocd.argoproj.io/hook": "PreSync"}}}
    assert not needs_prediction(target(), None)
    assert not needs_prediction(None, live())
    assert not needs_prediction(hook, live())


def ports(*declared: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": list(declared)}}


def test_a_key_left_to_its_default_is_found() -> None:
    found = ports({"port": 80, "protocol": "TCP"}, {"port": 81, "protocol": "UDP"})
    keyed: dict[str, Any] = {
        'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}},
        'k:{"port":81,"protocol":"UDP"}': {".": {}, "f:port": {}, "f:protocol": {}},
    }
    entry = applied({}) | {"apiVersion": "v1", "fieldsV1": {"f:spec": {"f:ports": keyed}}}
    found["metadata"]["managedFields"] = [entry]
    assert not needs_prediction(ports({"port": 80}, {"port": 81, "protocol": "UDP"}), found)
    assert needs_prediction(ports({"port": 80, "protocol": "UDP"}, {"port": 81, "protocol": "UDP"}), found)


def with_metadata(**changed: Any) -> dict[str, Any]:
    metadata = {"uid": "u", "generation": 2, "resourceVersion": "7", "labels": {"a": "1"}, "annotations": {"b": "1"}}
    return {"metadata": {k: v for k, v in (metadata | changed).items() if v is not None}}


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"resourceVersion": "8"}, True),
        ({"annotations": {"b": "1", "deployment.kubernetes.io/revision": "2"}}, True),
        ({"managedFields": [{"manager": "x"}]}, True),
        ({"generation": 3}, False),
        ({"uid": "other"}, False),
        ({"labels": {"a": "2"}}, False),
        ({"annotations": {}}, False),
        ({"finalizers": ["x"]}, False),
        ({"ownerReferences": [{"uid": "x"}]}, False),
    ],
)
def test_a_fingerprint_moves_with_what_git_could_have_a_say_in(changed: dict[str, Any], same: bool) -> None:
    assert (fingerprint(with_metadata()) == fingerprint(with_metadata(**changed))) is same


def test_a_kind_without_a_generation_goes_by_its_resource_version() -> None:
    one, other = with_metadata(generation=None), with_metadata(generation=None, resourceVersion="8")
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(one) == fingerprint(copy.deepcopy(one))
