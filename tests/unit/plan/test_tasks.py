"""Compared rows become tasks in the order of a sync (argo-behaviour 5.1, 5.3, 5.5, 5.8)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from driftless.plan.ranks import rank
from driftless.plan.tasks import Scope, tasks
from driftless.vocabulary.model import Compared, Task, Verb
from driftless.vocabulary.objects import HOOK, SYNC_OPTIONS, Manifest, key_of
from tests.unit.plan.drawn import hooked, manifest, unwanted, wanted


def planned(rows: Sequence[Compared], **scope: Any) -> list[str]:
    """`Phase/wave verb Kind name`, one line per task; every extra object may be pruned unless said otherwise."""
    allowed = {row.key for row in rows if row.target is None}
    return [line(t) for t in tasks(rows, Scope(**({"prune": allowed} | scope)))]


def line(task: Task) -> str:
    return f"{task.phase}/{task.wave} {task.verb} {task.key.kind} {task.key.name}"


def things(*names_and_waves: tuple[str, int]) -> list[Compared]:
    return [wanted(manifest("Thing", name), wave) for name, wave in names_and_waves]


def going(*names_and_waves: tuple[str, int], options: str = "") -> list[Compared]:
    notes = {SYNC_OPTIONS: options} if options else {}
    return [unwanted(manifest("Thing", name, annotations=notes), wave) for name, wave in names_and_waves]


def test_waves_go_up_and_negative_ones_come_first() -> None:
    assert planned(things(("c", 10), ("a", -5), ("b", 2))) == [
        "Sync/-5 apply Thing a",
        "Sync/2 apply Thing b",
        "Sync/10 apply Thing c",
    ]


def test_within_a_wave_kinds_go_by_rank_and_then_by_name() -> None:
    kinds = ["Thing", "Ingress", "Deployment", "Service", "ConfigMap", "Secret", "ServiceAccount", "Namespace"]
    rows = [wanted(manifest(kind, name, "")) for kind in kinds for name in ("b", "a")]
    expected = [f"Sync/0 apply {kind} {name}" for kind in reversed(kinds) for name in ("a", "b")]
    assert planned(rows) == expected


def test_unknown_kinds_come_last() -> None:
    assert rank("Namespace") == 0
    assert rank("Database") == rank("Rollout") > rank("APIService") > rank("Ingress") > rank("Deployment")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_the_rows_does_not_matter(order: tuple[int, ...]) -> None:
    rows = things(("a", 1), ("b", 0), ("c", 0))
    assert planned([rows[i] for i in order]) == planned(rows)


def test_hooks_run_once_in_each_of_their_phases() -> None:
    rows = [wanted(hooked("Job", "check", "PreSync", "PostSync", "SyncFail")), *things(("a", 0))]
    assert planned(rows) == [
        "PreSync/0 apply Job check",
        "Sync/0 apply Thing a",
        "PostSync/0 apply Job check",
        "SyncFail/0 apply Job check",
    ]


@pytest.mark.parametrize("types", [("Skip",), ("PreDelete",), ("PostDelete",), ("Nonsense",)])
def test_what_is_no_phase_of_a_sync_is_not_applied(types: tuple[str, ...]) -> None:
    assert planned([wanted(hooked("Job", "x", *types))]) == []


@pytest.mark.parametrize("scope", [{"hooks": False}, {"resources": ({"kind": "Thing", "name": "a"},)}], ids=repr)
def test_a_selective_sync_and_the_apply_strategy_skip_hooks(scope: dict[str, Any]) -> None:
    rows = [wanted(hooked("Job", "migrate", "PreSync")), *things(("a", 0))]
    assert planned(rows, **scope) == ["Sync/0 apply Thing a"]


@pytest.mark.parametrize(
    ("wanted_resource", "names"),
    [
        ({"group": "apps", "kind": "Deployment", "name": "a"}, ["a"]),
        ({"group": "apps", "kind": "Deployment", "name": "a", "namespace": "pay"}, ["a"]),
        ({"group": "apps", "kind": "Deployment", "name": "a", "namespace": ""}, ["a"]),
        ({"group": "apps", "kind": "Deployment", "name": "a", "namespace": "other"}, []),
        ({"kind": "Deployment", "name": "a"}, []),
        ({"group": None, "kind": "ConfigMap", "name": "b"}, ["b"]),
        ({"group": "apps", "kind": "Deployment", "name": "z"}, []),
    ],
    ids=repr,
)
def test_a_selection_is_exact_and_an_empty_namespace_means_any(
    wanted_resource: dict[str, Any], names: list[str]
) -> None:
    rows = [wanted(manifest("Deployment", "a")), wanted(manifest("ConfigMap", "b"))]
    assert [t.key.name for t in tasks(rows, Scope(resources=(wanted_resource,)))] == names


def test_only_what_may_be_pruned_is_pruned() -> None:
    may, may_not = going(("may", 0), ("not", 0))
    assert planned([may, may_not], prune={may.key}) == ["Sync/0 prune Thing may"]


def test_a_selection_holds_for_pruning_too() -> None:
    assert planned(going(("a", 0), ("b", 0)), resources=({"kind": "Thing", "name": "b"},)) == ["Sync/0 prune Thing b"]


def test_within_a_group_prunes_come_first() -> None:
    assert planned([*things(("a", 0)), *going(("z", 0))]) == ["Sync/0 prune Thing z", "Sync/0 apply Thing a"]


def test_prune_waves_are_mirrored() -> None:
    assert planned(going(("low", -1), ("mid", 0), ("high", 5))) == [
        "Sync/-1 prune Thing high",
        "Sync/0 prune Thing mid",
        "Sync/5 prune Thing low",
    ]


def test_prune_last_of_the_application_comes_after_the_highest_wave() -> None:
    rows = [*things(("a", 3), ("b", -1)), *going(("x", 0), ("y", 1))]
    assert planned(rows, options=frozenset({"PruneLast=true"}))[2:] == ["Sync/4 prune Thing x", "Sync/4 prune Thing y"]


def test_prune_last_of_one_object_is_its_own() -> None:
    rows = [*things(("a", 3)), *going(("x", 0)), *going(("late", 0), options="PruneLast=true")]
    assert planned(rows) == ["Sync/0 prune Thing x", "Sync/3 apply Thing a", "Sync/4 prune Thing late"]


@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_a_namespace_moves_before_what_needs_it(kind: str) -> None:
    rows = [wanted(manifest("Namespace", "pay", ""), 7), wanted(manifest(kind, "a"), -3)]
    assert planned(rows) == ["Sync/-3 apply Namespace pay", f"Sync/-3 apply {kind} a"]


def test_a_namespace_moves_even_into_presync() -> None:
    rows = [wanted(manifest("Namespace", "pay", "")), wanted(hooked("Job", "migrate", "PreSync"), -1)]
    assert planned(rows) == ["PreSync/-1 apply Namespace pay", "PreSync/-1 apply Job migrate"]


def test_a_definition_moves_before_the_first_object_of_its_kind() -> None:
    rows = [
        wanted(manifest("CustomResourceDefinition", "databases.example.com", ""), 5),
        wanted(manifest("Database", "later"), 1),
        wanted(manifest("Database", "main"), -2),
    ]
    assert planned(rows)[:2] == [
        "Sync/-2 apply CustomResourceDefinition databases.example.com",
        "Sync/-2 apply Database main",
    ]


@pytest.mark.parametrize(
    "other", [manifest("Thing", "a", "elsewhere"), manifest("Thing", "a", "")], ids=["elsewhere", "cluster-scoped"]
)
def test_a_namespace_that_nothing_needs_stays_where_it_is(other: Manifest) -> None:
    rows = [wanted(manifest("Namespace", "pay", ""), 7), wanted(other, -3)]
    assert planned(rows) == ["Sync/-3 apply Thing a", "Sync/7 apply Namespace pay"]


def test_a_namespace_that_comes_early_is_not_moved_back() -> None:
    rows = [wanted(manifest("Namespace", "pay", ""), -9), wanted(manifest("Thing", "a"), 0)]
    assert planned(rows) == ["Sync/-9 apply Namespace pay", "Sync/0 apply Thing a"]


def test_what_goes_needs_no_namespace() -> None:
    rows = [wanted(manifest("Namespace", "pay", ""), 2), *going(("x", 0))]
    assert planned(rows) == ["Sync/0 prune Thing x", "Sync/2 apply Namespace pay"]


def test_a_generated_name_is_the_same_when_a_step_is_repeated_and_another_in_each_run() -> None:
    obj: Manifest = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"generateName": "migrate-", "namespace": "pay", "annotations": {HOOK: "PreSync,PostSync"}},
    }
    row = Compared(key_of(obj), "v1", obj, None, modified=False, hook=True)
    first, again, other = (
        [t.key.name for t in tasks([row], Scope(run=run))] for run in ("abc1234-1", "abc1234-1", "abc1234-2")
    )
    assert first == again and len(set(first) | set(other)) == 4
    assert all(name.startswith("migrate-abc1234-") for name in first)
    [pre, _] = tasks([row], Scope(run="r"))
    assert (
        pre.target and pre.target["metadata"]["name"] == pre.key.name and "generateName" not in pre.target["metadata"]
    )
    assert obj["metadata"]["generateName"] == "migrate-"


def test_no_rows_are_no_tasks() -> None:
    assert tasks([], Scope()) == ()


def test_a_hook_is_never_pruned_and_an_object_in_sync_is_still_a_task() -> None:
    live = manifest("Thing", "a")
    row = Compared(key_of(live), "v1", live, live, modified=False)
    assert [t.verb for t in tasks([row], Scope())] == [Verb.APPLY]
