"""When automation starts a sync by itself: the table of argo-behaviour 6, and the hold of a rollback (ours)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from driftless.policy.automation import Attempt, Verdict, decide, heal_delay
from driftless.vocabulary.argo import Application, application
from driftless.vocabulary.model import Compared, ConditionType, SyncStatus
from tests.unit.policy.compared import extra, going, hook, missing, modified, refused, synced

NOW = 1_795_000_000.0
NEVER = Attempt()
DONE = Attempt(bundle="new", succeeded=True, finished=NOW - 3600)
FAILED = Attempt(bundle="new", message="the image does not exist", finished=NOW - 3600)
OLD = Attempt(bundle="old", succeeded=True, finished=NOW - 1)
DRIFT = (synced("a"), modified("b"))
ON: dict[str, Any] = {"prune": True, "selfHeal": True}
OUT_OF_SYNC = SyncStatus.OUT_OF_SYNC


def app(automated: dict[str, Any] | None, *options: str) -> Application:
    return application(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": "payments"},
            "spec": {
                "source": {"repoURL": "https://git.example/a.git", "path": "."},
                "destination": {"server": "https://kubernetes.default.svc"},
                "syncPolicy": {"automated": automated, "syncOptions": list(options)},
            },
        }
    )


def decided(
    automated: dict[str, Any] | None,
    attempt: Attempt = NEVER,
    rows: Sequence[Compared] = DRIFT,
    status: SyncStatus = OUT_OF_SYNC,
    held: str = "",
) -> Verdict:
    return decide(app(automated), status, rows, "new", attempt, held, NOW)


@pytest.mark.parametrize(
    ("automated", "attempt", "verdict"),
    [
        (None, NEVER, Verdict()),
        ({"enabled": False}, NEVER, Verdict()),
        ({}, NEVER, Verdict(sync=True)),
        ({"prune": True}, NEVER, Verdict(sync=True, prune=True)),
        ({"prune": True}, OLD, Verdict(sync=True, prune=True)),
        ({"prune": True}, replace(FAILED, bundle="old"), Verdict(sync=True, prune=True)),
        ({}, DONE, Verdict()),
        ({"selfHeal": True}, DONE, Verdict(sync=True, heal=True)),
        (ON, DONE, Verdict(sync=True, heal=True, prune=True)),
    ],
    ids=repr,
)
def test_the_table(automated: dict[str, Any] | None, attempt: Attempt, verdict: Verdict) -> None:
    assert decided(automated, attempt) == verdict


@pytest.mark.parametrize("status", [SyncStatus.SYNCED, SyncStatus.UNKNOWN])
def test_only_out_of_sync_is_acted_upon(status: SyncStatus) -> None:
    assert decided(ON, status=status) == Verdict()


def test_a_refused_object_is_tried_once_per_bundle_and_never_healed() -> None:
    rows = [refused("a"), modified("b")]
    assert decided(ON, OLD, rows, SyncStatus.UNKNOWN) == Verdict(sync=True, prune=True)
    assert decided(ON, FAILED, rows, SyncStatus.UNKNOWN).condition
    assert decided(ON, DONE, rows, SyncStatus.UNKNOWN) == Verdict()


def test_what_is_on_its_way_out_is_not_healed() -> None:
    assert decided(ON, DONE, [synced("a"), going("x")]) == Verdict()
    assert decided(ON, NEVER, [going("x")]) == Verdict()
    assert decided(ON, DONE, [modified("a"), going("x")]).heal


@pytest.mark.parametrize("automated", [{}, {"selfHeal": True}])
def test_a_failed_bundle_is_never_tried_again_by_itself_and_says_so(automated: dict[str, Any]) -> None:
    verdict = decided(automated, FAILED)
    assert not verdict.sync and verdict.condition
    assert verdict.condition.type is ConditionType.SYNC_ERROR
    assert "the image does not exist" in verdict.condition.message


def test_without_prune_extra_objects_alone_start_nothing() -> None:
    assert decided({}, rows=[synced("a"), extra("x")]) == Verdict()
    assert decided({}, rows=[modified("a"), extra("x")]).sync
    assert decided({"prune": True}, rows=[synced("a"), extra("x")]).sync


@pytest.mark.parametrize("rows", [[extra("a"), extra("b")], [extra("a"), hook("h")]], ids=["objects", "hooks beside"])
def test_automation_never_deletes_everything(rows: list[Compared]) -> None:
    verdict = decided({"prune": True}, rows=rows)
    assert not verdict.sync and verdict.condition and verdict.condition.type is ConditionType.SYNC_ERROR


def test_allow_empty_lets_everything_go() -> None:
    assert decided({"prune": True, "allowEmpty": True}, rows=[extra("a")]) == Verdict(sync=True, prune=True)


@pytest.mark.parametrize("rows", [[extra("a"), missing("b")], [extra("a"), synced("b")]])
def test_one_object_that_stays_is_enough(rows: list[Compared]) -> None:
    assert decided({"prune": True}, rows=rows).sync


def test_a_held_bundle_is_left_alone_and_says_so() -> None:
    verdict = decided(ON, DONE, held="new")
    assert not verdict.sync and verdict.condition and verdict.condition.type is ConditionType.HELD_WARNING


def test_the_next_bundle_after_a_held_one_is_deployed() -> None:
    assert decided(ON, OLD, held="bad").sync


@pytest.mark.parametrize(
    ("heals", "seconds"), [(0, 0), (1, 2), (2, 6), (3, 18), (4, 54), (5, 162), (6, 300), (7, 300), (1_000_000, 300)]
)
def test_heals_back_off_by_three_to_five_minutes(heals: int, seconds: float) -> None:
    assert heal_delay(heals) == seconds


@pytest.mark.parametrize(("ago", "left"), [(0.0, 18.0), (17.5, 0.5), (18.0, 0.0), (100.0, 0.0)])
def test_a_heal_waits_for_what_is_left_of_its_back_off(ago: float, left: float) -> None:
    verdict = decided(ON, replace(DONE, heals=3, finished=NOW - ago))
    assert (verdict.sync, verdict.wait_seconds) == (left == 0, left)


@pytest.mark.parametrize(
    "rows",
    [
        [synced("a"), extra("x", options="Prune=false")],
        [synced("a"), extra("x", "PersistentVolumeClaim")],
        [*[synced(f"s{n}") for n in range(4)], *[extra(f"x{n}") for n in range(4)]],
    ],
    ids=["Prune=false", "precious", "mass delete"],
)
def test_what_may_not_be_pruned_is_said_once_and_not_healed_for_ever(rows: list[Compared]) -> None:
    assert decided(ON, NEVER, rows).sync
    assert decided(ON, DONE, rows) == Verdict()


def test_drift_beside_what_may_not_be_pruned_is_healed() -> None:
    assert decided(ON, DONE, [modified("a"), extra("x", options="Prune=false")]).heal
