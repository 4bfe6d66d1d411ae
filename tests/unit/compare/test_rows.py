"""One row per object, and the application's status out of them (argo-behaviour 4.6)."""

from __future__ import annotations

from typing import Any

import pytest

from driftless.compare import is_hook, rows, shared, sync_status, wave_of
from driftless.compare.targets import Targets
from driftless.vocabulary.argo import IgnoreRule
from driftless.vocabulary.errors import ClusterRefused, NotBuiltYet
from driftless.vocabulary.model import Compared, ConditionType, SyncStatus
from driftless.vocabulary.objects import key_of
from tests.unit.compare.shaped import MARK


def configmap(name: str, value: str = "1", app: str = "shop", **annotations: str) -> dict[str, Any]:
    marked = {MARK: f"{app}:/ConfigMap:payments/{name}"} | {
        f"argocd.argoproj.io/{key.replace('_', '-')}": said for key, said in annotations.items()
    }
    metadata = {"name": name, "namespace": "payments", "annotations": marked}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"k": value}}


def compared(
    targets: list[dict[str, Any]],
    live: list[dict[str, Any]],
    predicted: list[dict[str, Any]] | None = None,
    refused: dict[str, Any] | None = None,
) -> tuple[Compared, ...]:
    answers: dict[Any, Any] = {key_of(obj): obj for obj in predicted or []}
    if refused:
        answers[key_of(refused)] = ClusterRefused(422, "Invalid", "data: Invalid value")
    found: dict[Any, Any] = {key_of(obj): None for obj in targets} | {key_of(obj): obj for obj in live}
    return rows(Targets(tuple(targets)), found, answers, (), "shop")


A, A2 = configmap("a"), configmap("a", "2")


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (compared([A], [A]), SyncStatus.SYNCED),
        (compared([A], [A], [A]), SyncStatus.SYNCED),
        (compared([A], [A2], [A]), SyncStatus.OUT_OF_SYNC),
        (compared([A], []), SyncStatus.OUT_OF_SYNC),
        (compared([], [A]), SyncStatus.OUT_OF_SYNC),
        (compared([A], [A2], refused=A), SyncStatus.UNKNOWN),
        (compared([A, configmap("b")], [A2], refused=A), SyncStatus.UNKNOWN),
        (compared([], []), SyncStatus.SYNCED),
        (compared([], [configmap("a", compare_options="IgnoreExtraneous")]), SyncStatus.SYNCED),
        (compared([], [configmap("a", hook="PostSync")]), SyncStatus.SYNCED),
        (compared([configmap("a", hook="PreSync")], []), SyncStatus.SYNCED),
        (compared([configmap("a", hook="Skip")], []), SyncStatus.SYNCED),
    ],
    ids=[
        "unchanged",
        "predicted alike",
        "modified",
        "missing",
        "extra",
        "refused",
        "refused wins",
        "nothing",
        "extraneous",
        "extra hook",
        "hook to run",
        "skipped",
    ],
)
def test_the_status_is_rolled_up(found: tuple[Compared, ...], status: SyncStatus) -> None:
    assert sync_status(found) is status


def test_rows_are_sorted_by_key_and_say_what_they_are() -> None:
    found = compared([configmap("b", sync_wave="2"), configmap("a", hook="PreSync")], [configmap("c")])
    assert [(r.key.name, r.status, r.wave, r.hook, r.requires_pruning) for r in found] == [
        ("a", None, 0, True, False),
        ("b", SyncStatus.OUT_OF_SYNC, 2, False, False),
        ("c", SyncStatus.OUT_OF_SYNC, 0, False, True),
    ]


def test_an_extraneous_object_itself_is_out_of_sync() -> None:
    (row,) = compared([], [configmap("a", compare_options="IgnoreExtraneous")])
    assert row.status is SyncStatus.OUT_OF_SYNC


@pytest.mark.parametrize(
    "other",
    [
        configmap("x", app="other"),
        configmap("x") | {"kind": "Endpoints"},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "payments"}},
    ],
    ids=["another application's", "a copy of our annotations", "untracked"],
)
def test_what_is_not_ours_makes_no_row(other: dict[str, Any]) -> None:
    assert compared([], [other]) == ()


def test_a_refusal_is_told_on_the_row() -> None:
    (row,) = compared([A], [A2], refused=A)
    assert row.error == "data: Invalid value"


def test_a_jq_rule_is_refused_even_when_nothing_changed() -> None:
    rule = IgnoreRule("", "ConfigMap", jq_path_expressions=(".data",))
    with pytest.raises(NotBuiltYet):
        rows(Targets((A,)), {key_of(A): A}, {}, (rule,), "shop")


def test_an_object_that_two_applications_claim_is_told() -> None:
    (condition,) = shared(compared([A], [configmap("a", app="other")], [A]), "shop")
    assert condition.type is ConditionType.SHARED_RESOURCE_WARNING
    assert "ConfigMap payments/a is part of application other" in condition.message
    assert shared(compared([A], [A]), "shop") == ()


@pytest.mark.parametrize(
    ("annotations", "wave"),
    [
        ({}, 0),
        ({"argocd.argoproj.io/sync-wave": "-5"}, -5),
        ({"argocd.argoproj.io/sync-wave": "+3"}, 3),
        ({"argocd.argoproj.io/sync-wave": "1.5"}, 0),
        ({"argocd.argoproj.io/sync-wave": "first", "helm.sh/hook-weight": "4"}, 4),
        ({"argocd.argoproj.io/sync-wave": "1", "helm.sh/hook-weight": "4"}, 1),
        ({"helm.sh/hook-weight": "-4"}, -4),
    ],
)
def test_the_wave_is_the_annotations_or_helms_weight(annotations: dict[str, str], wave: int) -> None:
    assert wave_of({"metadata": {"annotations": annotations}}) == wave


@pytest.mark.parametrize(
    ("annotations", "hook"),
    [
        ({}, False),
        ({"argocd.argoproj.io/hook": "PreSync,Sync"}, True),
        ({"argocd.argoproj.io/hook": "Skip"}, True),
        ({"argocd.argoproj.io/hook": ""}, False),
        ({"helm.sh/hook": "pre-install"}, True),
        ({"helm.sh/hook": "test"}, True),
    ],
)
def test_hooks_are_argo_cds_and_helms(annotations: dict[str, str], hook: bool) -> None:
    assert is_hook({"metadata": {"annotations": annotations}}) is hook
