"""Whether automation starts a sync by itself, as Argo CD decides it (argo-behaviour 6), and what holds it back.

Ours beyond Argo CD: after a rollback the bundle that was rolled away from is *held*; automation goes on with the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from driftless.policy.pruning import pruning
from driftless.vocabulary.argo import Application
from driftless.vocabulary.model import Compared, Condition, ConditionType, SyncStatus

HEAL_FIRST_SECONDS = 2.0
HEAL_FACTOR = 3
HEAL_CAP_SECONDS = 300.0
_HEALS_TO_CAP = 5
"""2 s · 3⁵ is past the cap; a controller that fights back for weeks must not overflow the power."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """The last operation: which bundle, how it ended, how often it was healed since, when it ended (Unix seconds)."""

    bundle: str = ""
    succeeded: bool = False
    message: str = ""
    heals: int = 0
    finished: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """`sync`: start one now; `heal`: only what drifted, no hooks, no history; `wait_seconds`: look again then."""

    sync: bool = False
    heal: bool = False
    prune: bool = False
    wait_seconds: float = 0.0
    condition: Condition | None = None


def decide(
    app: Application, status: SyncStatus, rows: Sequence[Compared], bundle: str, attempt: Attempt, held: str, now: float
) -> Verdict:
    """`bundle` is the digest of what Git wants now, `held` the digest that a rollback holds back ("" = none).

    An object that the API server refuses makes the status Unknown: a new bundle is tried all the same, once, so that
    the attempt says what is wrong, and changes nothing.
    """
    auto = app.automated
    refused = status is SyncStatus.UNKNOWN and any(row.error for row in rows)
    if auto is None or not (status is SyncStatus.OUT_OF_SYNC or refused):
        return Verdict()
    if held == bundle:
        message = f"bundle {bundle[:12]} was rolled back and is held; the next change in Git is deployed again"
        return Verdict(condition=Condition(ConditionType.HELD_WARNING, message))
    drifted = [row for row in rows if row.status not in (None, SyncStatus.SYNCED) and not _is_going(row)]
    if not drifted:
        return Verdict()
    if not auto.prune and all(row.requires_pruning for row in drifted):
        return Verdict()
    if auto.prune and not auto.allow_empty and _wipes_out(rows):
        message = "auto-sync would delete every object of the application; push a manifest or set allowEmpty"
        return Verdict(condition=Condition(ConditionType.SYNC_ERROR, message))
    if attempt.bundle != bundle:
        return Verdict(sync=True, prune=auto.prune)
    if not attempt.succeeded:
        message = f"failed last sync attempt to bundle {bundle[:12]}: {attempt.message}"
        return Verdict(condition=Condition(ConditionType.SYNC_ERROR, message))
    if refused or not auto.self_heal or _only_kept(app, rows, drifted):
        return Verdict()
    left = attempt.finished + heal_delay(attempt.heals) - now
    return Verdict(wait_seconds=left) if left > 0 else Verdict(sync=True, heal=True, prune=auto.prune)


def heal_delay(heals: int) -> float:
    """Seconds to wait after the last operation: none before the first heal, then 2, 6, 18 … at most 300."""
    if heals == 0:
        return 0.0
    steps = min(heals - 1, _HEALS_TO_CAP)
    return min(HEAL_CAP_SECONDS, HEAL_FIRST_SECONDS * float(HEAL_FACTOR) ** steps)


def _only_kept(app: Application, rows: Sequence[Compared], drifted: Sequence[Compared]) -> bool:
    """Nothing that a heal could change: what differs is only what may not be pruned (Prune=false, the guard)."""
    kept = pruning(rows, app.sync_options, asked=True, confirmed=False).kept
    return all(row.key in kept for row in drifted)


def _is_going(row: Compared) -> bool:
    """Deleted already, and waiting for its finalizers: there is nothing left to decide about it."""
    return row.requires_pruning and bool((row.live or {}).get("metadata", {}).get("deletionTimestamp"))


def _wipes_out(rows: Sequence[Compared]) -> bool:
    managed = [row for row in rows if not row.hook]
    return bool(managed) and all(row.requires_pruning for row in managed)
