"""What the apply room decides without a cluster: options, hook policies, field ownership, undeclared fields."""

from typing import Any

import pytest

from driftless.apply import Options, delete_policies
from driftless.apply.hooks import OPERATION, as_hook
from driftless.apply.ownership import handover, union, without_abandoned
from driftless.apply.undeclared import without_undeclared
from driftless.vocabulary.model import HookType, Task, Verb
from driftless.vocabulary.objects import (
    HELM_HOOK_DELETE_POLICY,
    HOOK_DELETE_POLICY,
    HOOK_FINALIZER,
    LAST_APPLIED,
    SYNC_OPTIONS,
    Manifest,
    key_of,
)


def annotated(**said: str) -> Manifest:
    return {"metadata": {"name": "x", "annotations": dict(said)}}


def with_options(options: str) -> Manifest:
    return annotated(**{SYNC_OPTIONS: options})


# ---- options ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("application", "own", "holds"),
    [
        ((), "", False),
        (("Prune=false",), "", True),
        ((), "Prune=false", True),
        (("Prune=false",), "Prune=true", False),
        (("Prune=false",), "Prune=confirm", False),
        ((), "Validate=false, Prune=false", True),
        (("Prune=falsehood",), "", False),
    ],
)
def test_the_objects_own_option_goes_ahead_of_the_applications(
    application: tuple[str, ...], own: str, holds: bool
) -> None:
    assert Options(frozenset(application)).says("Prune=false", with_options(own)) is holds


def test_force_and_replace_may_stand_on_the_live_object() -> None:
    live = with_options("Force=true,Replace=true")
    assert Options().forces(annotated(), live) and Options().replaces(annotated(), live)
    assert not Options().forces(annotated(), None)


@pytest.mark.parametrize(
    ("options", "own", "policy"),
    [
        (Options(), "", "Foreground"),
        (Options(frozenset({"PrunePropagationPolicy=background"})), "", "Background"),
        (Options(frozenset({"PrunePropagationPolicy=background"})), "PrunePropagationPolicy=orphan", "Orphan"),
        (Options(frozenset({"PrunePropagationPolicy=background"}), propagation="orphan"), "", "Orphan"),
        (Options(frozenset({"PrunePropagationPolicy=sideways"})), "", "Foreground"),
    ],
)
def test_the_propagation_policy(options: Options, own: str, policy: str) -> None:
    assert options.propagation_policy(with_options(own)) == policy


# ---- hooks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "policies"),
    [
        ({}, {"BeforeHookCreation"}),
        ({HOOK_DELETE_POLICY: "HookSucceeded"}, {"HookSucceeded"}),
        ({HOOK_DELETE_POLICY: "HookSucceeded, HookFailed"}, {"HookSucceeded", "HookFailed"}),
        ({HOOK_DELETE_POLICY: "Sometimes"}, {"BeforeHookCreation"}),
        ({HELM_HOOK_DELETE_POLICY: "hook-succeeded,before-hook-creation"}, {"HookSucceeded", "BeforeHookCreation"}),
        (
            {HOOK_DELETE_POLICY: "HookFailed", HELM_HOOK_DELETE_POLICY: "hook-succeeded"},
            {"HookFailed", "HookSucceeded"},
        ),
    ],
)
def test_delete_policies(said: dict[str, str], policies: set[str]) -> None:
    assert delete_policies(annotated(**said)) == policies


def test_a_hook_is_marked_without_touching_the_target() -> None:
    target = annotated(a="1")
    made = as_hook(hook_task(target), Options(operation="op-1"))
    assert made["metadata"]["finalizers"] == [HOOK_FINALIZER]
    assert made["metadata"]["annotations"] == {"a": "1", OPERATION: "op-1/PreSync"}
    assert target == annotated(a="1")
    assert as_hook(hook_task(made), Options())["metadata"]["finalizers"] == [HOOK_FINALIZER]


def hook_task(target: Manifest) -> Task:
    return Task(Verb.APPLY, HookType.PRE_SYNC, 0, key_of(target), "v1", target, hook=HookType.PRE_SYNC)


# ---- ownership -------------------------------------------------------------------------------------------------------


def entry(manager: str, operation: str, fields: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields} | more


def live(*entries: dict[str, Any], **more: Any) -> Manifest:
    meta = {"name": "m", "resourceVersion": "7", "annotations": {LAST_APPLIED: "{}"}, "managedFields": [*entries]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta} | more


def test_what_was_applied_before_us_is_merged_into_ours() -> None:
    ours = entry("driftless", "Apply", {"f:data": {"f:a": {}}})
    other = entry("someone", "Update", {"f:data": {"f:c": {}}})
    before = entry("kubectl-client-side-apply", "Update", {"f:data": {".": {}, "f:b": {}}})
    patch = handover(live(ours, other, before))
    assert patch
    managed, guard, annotation = patch
    assert guard == {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"}
    assert annotation["path"] == "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"
    assert [e["manager"] for e in managed["value"]] == ["someone", "driftless"]
    assert managed["value"][1]["fieldsV1"] == {"f:data": {".": {}, "f:a": {}, "f:b": {}}}


@pytest.mark.parametrize(
    "held",
    [
        entry("driftless", "Apply", {}),
        entry("kubectl-edit", "Update", {}),
        entry("kube-controller-manager", "Update", {}),
        entry("argocd-controller", "Update", {}, subresource="status"),
    ],
    ids=lambda e: str(e["manager"]),
)
def test_others_keep_what_is_theirs(held: dict[str, Any]) -> None:
    assert handover(live(held)) is None


def test_union_of_nothing_is_nothing() -> None:
    assert union() == {}


def test_only_what_nobody_else_holds_is_abandoned() -> None:
    def port(number: int) -> str:
        return f'k:{{"port":{number}}}'

    before = {
        "f:metadata": {"f:annotations": {".": {}, "f:gone": {}, "f:kept": {}}},
        "f:data": {".": {}, "f:a": {}, "f:b": {}},
        "f:spec": {"f:ports": {".": {}, port(80): {".": {}, "f:port": {}}, port(81): {".": {}, "f:port": {}}}},
        "f:set": {"v:1": {}, "v:2": {}},
        "f:missing": {"f:deep": {}},
    }
    ours = {
        "f:metadata": {"f:annotations": {"f:kept": {}}},
        "f:data": {"f:a": {}},
        "f:spec": {"f:ports": {port(80): {".": {}, "f:port": {}}}},
        "f:set": {"v:1": {}},
    }
    entries = entry("helm", "Update", before), entry("driftless", "Apply", ours)
    predicted = live(*entries, data={"a": "1", "b": "2"}, spec={"ports": [{"port": 81}, {"port": 80}]}, set=[1, 2])
    predicted["metadata"]["annotations"] = {"gone": "1", "kept": "2"}
    left = without_abandoned(predicted, live(entries[0]))
    assert left["metadata"]["annotations"] == {"kept": "2"} and left["metadata"]["name"] == "m"
    assert (left["data"], left["spec"], left["set"]) == ({"a": "1"}, {"ports": [{"port": 80}]}, [1])
    assert predicted["data"] == {"a": "1", "b": "2"}


# ---- undeclared fields -----------------------------------------------------------------------------------------------


def test_undeclared_fields_are_left_out_wherever_they_are() -> None:
    target = {"spec": {"foo": 1, "list": [{"name": "a", "bar": 2}, {"name": "b", "bar": 3}], "odd": [{"x": 1}]}}
    message = (
        'failed to create typed patch object (…): errors: .spec.list[name="b"].bar: field not declared in schema '
        ".spec.foo: field not declared in schema .spec.odd[0].x: field not declared in schema "
        ".spec.not.there: field not declared in schema"
    )
    assert without_undeclared(target, message) == {
        "spec": {"list": [{"name": "a", "bar": 2}, {"name": "b"}], "odd": [{}]}
    }
    assert target["spec"]["foo"] == 1


def test_another_complaint_leaves_out_nothing() -> None:
    assert without_undeclared({"spec": {"a": "b"}}, ".spec.a: expected numeric (int or float), got string") == {
        "spec": {"a": "b"}
    }
