"""How an operation is written down: Argo CD's `operation` and `status.operationState`, and what is ours beside them.

Values in, values out: a state before and after. `state.operation` holds what a step needs to go on (bundle, start time,
retry time); `status.operationState` what people read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from driftless.flows.syncing.comparison import Comparison, key_text
from driftless.flows.syncing.desired import Desired
from driftless.flows.wiring import as_text
from driftless.policy import retries
from driftless.policy.automation import Attempt
from driftless.record.state import Owned, State
from driftless.vocabulary.model import HookType, OperationPhase, ResourceResult
from driftless.vocabulary.objects import ObjectKey

Results = Mapping[tuple[ObjectKey, HookType], ResourceResult]


def begun(asked: dict[str, Any], desired: Desired, state: State, now: float) -> State:
    """The operation under way, pinned to its bundle; `startedAt` stays the same however often a step is repeated."""
    shown: dict[str, Any] = {
        "operation": {k: asked[k] for k in ("id", "sync", "initiatedBy", "info", "retry", "rollback") if asked.get(k)},
        "phase": str(OperationPhase.RUNNING),
        "message": "waiting to start",
        "startedAt": as_text(now),
        "syncResult": {"revision": desired.revision, "source": desired.source, "resources": []},
    }
    if asked.get("retryCount"):
        shown["retryCount"] = asked["retryCount"]
    pinned = {"bundle": desired.bundle, "revision": desired.revision, "source": desired.source, "startedAt": now}
    answered = state.asked is not None and state.asked.get("id") == asked.get("id")
    return replace(
        state,
        operation={**asked, **pinned},
        asked=None if answered else state.asked,
        status=state.status | {"operationState": shown},
        memory={k: v for k, v in state.memory.items() if k not in ("parked", "looks")},
    )


def inventoried(state: State, comparison: Comparison) -> State:
    """The write-ahead inventory: everything that the operation may create is known as ours from now on."""
    inventory = dict(state.inventory)
    for row in comparison.rows:
        if row.target is not None and row.target["metadata"].get("name"):
            inventory.setdefault(key_text(row.key), Owned(row.version))
    return replace(state, inventory=inventory)


def results(state: State) -> dict[tuple[ObjectKey, HookType], ResourceResult]:
    rows = state.status["operationState"]["syncResult"]["resources"]
    return {(r.key, r.sync_phase): r for r in map(ResourceResult.from_argo, rows)}


def noted(state: State, found: Results, message: str = "") -> State:
    shown = state.status["operationState"]
    shown = shown | {"syncResult": shown["syncResult"] | {"resources": [r.as_argo() for r in found.values()]}}
    if message:
        shown = shown | {"message": message}
    return replace(state, status=state.status | {"operationState": shown})


def ended(state: State, phase: OperationPhase, message: str, now: float) -> State:
    """The operation is over; or it waits for its retry: then it stays Running with `retryAt`, as Argo CD shows it."""
    operation = state.operation or {}
    shown = state.status["operationState"] | {"phase": str(phase), "message": message, "finishedAt": as_text(now)}
    made = operation.get("retryCount", 0)
    wait = None
    if phase is not OperationPhase.SUCCEEDED and not operation.get("final"):
        automated = bool((operation.get("initiatedBy") or {}).get("automated"))
        wait = retries.delay(operation.get("retry"), made, automated=automated)
    if wait is None:
        return replace(state, operation=None, status=state.status | {"operationState": shown})
    shown |= {"phase": str(OperationPhase.RUNNING), "retryCount": made + 1}
    shown["message"] = f"{message}; attempt {made + 1} again at {as_text(now + wait)}"
    later = operation | {"retryCount": made + 1, "retryAt": now + wait}
    return replace(state, operation=later, status=state.status | {"operationState": shown})


def retried(state: State, now: float) -> State:
    """The retry begins: results are forgotten, so that dry run, hooks and all happen again."""
    operation = {k: v for k, v in (state.operation or {}).items() if k != "retryAt"} | {"startedAt": now}
    shown = {k: v for k, v in state.status["operationState"].items() if k != "finishedAt"}
    shown["syncResult"] = shown["syncResult"] | {"resources": []}
    return replace(
        state,
        operation=operation,
        status=state.status | {"operationState": shown},
        memory=state.memory | {"parked": 0},
    )


def attempt(state: State) -> Attempt:
    return Attempt(**state.memory.get("attempt", {}))


def attempted(operation: dict[str, Any], phase: OperationPhase, message: str, now: float) -> dict[str, Any]:
    """What automation must know of it later (policy.automation.Attempt)."""
    return {
        "bundle": operation["bundle"],
        "succeeded": phase is OperationPhase.SUCCEEDED,
        "message": message,
        "heals": operation.get("heals", 0),
        "finished": now,
    }
