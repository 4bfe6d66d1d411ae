"""The words of the corridor, and the rows that tools read (argo-behaviour 1.3, 7)."""

from __future__ import annotations

import pytest

from driftless.vocabulary.model import (
    Compared,
    Health,
    HealthStatus,
    HookType,
    OperationPhase,
    ResourceResult,
    ResourceStatus,
    ResultCode,
    SyncStatus,
)
from driftless.vocabulary.objects import ObjectKey

KEY = ObjectKey("apps", "Deployment", "pay", "api")
MANIFEST = {"kind": "Deployment"}


def test_health_is_ranked_from_best_to_worst() -> None:
    ranked = sorted(HealthStatus, key=lambda status: status.rank)
    assert [str(s) for s in ranked] == ["Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown"]


@pytest.mark.parametrize(
    ("phase", "ended"),
    [("Running", False), ("Terminating", False), ("Failed", True), ("Error", True), ("Succeeded", True)],
)
def test_a_phase_knows_whether_it_is_an_end(phase: str, ended: bool) -> None:
    assert OperationPhase(phase).ended is ended


@pytest.mark.parametrize(
    ("row", "status", "pruned"),
    [
        (Compared(KEY, "v1", MANIFEST, MANIFEST, modified=False), SyncStatus.SYNCED, False),
        (Compared(KEY, "v1", MANIFEST, MANIFEST, modified=True), SyncStatus.OUT_OF_SYNC, False),
        (Compared(KEY, "v1", MANIFEST, None, modified=False), SyncStatus.OUT_OF_SYNC, False),
        (Compared(KEY, "v1", None, MANIFEST, modified=False), SyncStatus.OUT_OF_SYNC, True),
        (Compared(KEY, "v1", MANIFEST, MANIFEST, modified=False, error="no"), SyncStatus.UNKNOWN, False),
        (Compared(KEY, "v1", MANIFEST, None, modified=False, hook=True), None, False),
        (Compared(KEY, "v1", None, MANIFEST, modified=False, hook=True), None, False),
    ],
)
def test_a_row_is_out_of_sync_when_modified_missing_or_extra(
    row: Compared, status: SyncStatus | None, pruned: bool
) -> None:
    assert (row.status, row.requires_pruning) == (status, pruned)


def test_a_resource_row_leaves_out_what_is_empty() -> None:
    assert ResourceStatus(ObjectKey("", "Namespace", "", "pay"), "v1", None, None).as_argo() == {
        "version": "v1",
        "kind": "Namespace",
        "name": "pay",
    }


def test_a_resource_row_says_everything_that_tools_read() -> None:
    health = Health(HealthStatus.DEGRADED, "crash loop")
    row = ResourceStatus(KEY, "v1", SyncStatus.OUT_OF_SYNC, health, requires_pruning=True, sync_wave=-1).as_argo()
    assert row == {
        "group": "apps",
        "version": "v1",
        "kind": "Deployment",
        "namespace": "pay",
        "name": "api",
        "status": "OutOfSync",
        "health": {"status": "Degraded", "message": "crash loop"},
        "requiresPruning": True,
        "syncWave": -1,
    }


@pytest.mark.parametrize(
    "result",
    [
        ResourceResult(KEY, "v1", ResultCode.SYNCED, "configured", hook_phase=OperationPhase.RUNNING),
        ResourceResult(KEY, "v1", ResultCode.PRUNE_SKIPPED, "ignored (no prune)"),
        ResourceResult(
            ObjectKey("batch", "Job", "pay", "migrate"),
            "v1",
            None,
            hook_type=HookType.PRE_SYNC,
            hook_phase=OperationPhase.FAILED,
            sync_phase=HookType.PRE_SYNC,
        ),
    ],
)
def test_a_result_row_is_read_back_as_it_was_written(result: ResourceResult) -> None:
    assert ResourceResult.from_argo(result.as_argo()) == result
