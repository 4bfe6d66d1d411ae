"""The operation under way: its own bundle's comparison, its next steps, its end; then how Git and cluster stand.

In: a visit, the state with an operation, what the visit sees. Out: what the visit leaves. The end of an operation, its
history entry and its letters are one transaction.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from driftless.flows.syncing import (
    begin,
    comparison,
    desired,
    hook_ends,
    operation,
    operation_record,
    outlook,
    preparation,
)
from driftless.flows.syncing.desired import Desired
from driftless.flows.syncing.running import Outcome, Running, resume
from driftless.flows.syncing.visit import After, Seen, Sight, Visit
from driftless.flows.wiring import as_text
from driftless.policy.automation import Verdict
from driftless.record import history
from driftless.record.outbox import Letter
from driftless.record.state import State
from driftless.vocabulary.errors import ClusterRefused, Refused
from driftless.vocabulary.model import OperationPhase


def proceed(visit: Visit, state: State, sight: Sight) -> After:
    """Raises Unavailable when the cluster stops answering in the middle: everything done is found again."""
    under_way = state.operation or {}
    if under_way.get("retryAt", 0.0) > visit.now and not state.terminate:
        return outlook.settled(visit, state, sight, Verdict(wait_seconds=under_way["retryAt"] - visit.now))
    if "retryAt" in under_way:
        state = operation_record.retried(state, visit.now)
    try:
        own = _own(visit, state, sight)
    except (Refused, ClusterRefused) as error:
        return _ended(visit, Outcome(state, (), OperationPhase.ERROR, str(error)), sight, None)
    if not (under_way.get("sync") or {}).get("dryRun"):
        state = operation_record.inventoried(state, own.found)
    visit.lease.save(state)
    outcome = _driven(visit, state, own)
    if outcome.ended is not None:
        return _ended(visit, outcome, sight, own)
    seen = replace(own, found=replace(own.found, rows=outcome.rows)) if own is sight else sight
    return outlook.settled(visit, outcome.state, seen, Verdict(wait_seconds=outcome.delay))


def _own(visit: Visit, state: State, sight: Sight) -> Seen:
    """The operation's own bundle against the cluster: what Git wants now, or what it wanted when it was asked for."""
    under_way = state.operation or {}
    if isinstance(sight, Seen) and sight.wanted.bundle == under_way["bundle"]:
        return sight
    objects = desired.from_store(under_way["bundle"], visit.world)
    wanted = Desired(under_way["bundle"], objects, under_way["revision"], under_way["source"])
    found = comparison.run(visit.app, objects, state.inventory, sight.cluster, visit.world)
    return Seen(sight.cluster, wanted, found)


def _driven(visit: Visit, state: State, own: Seen) -> Outcome:
    running = resume(visit.app, state, own.wanted, own.found, visit.lease.save)
    if state.terminate:
        return hook_ends.terminate(running, own.cluster, begin.TERMINATED)
    try:
        prepared = preparation.prepare(running, own.cluster)
        return prepared or operation.drive(running, own.cluster, visit.world, visit.sleep)
    except ClusterRefused as error:
        return _given_up(running, own, str(error))


def _given_up(running: Running, own: Seen, message: str) -> Outcome:
    try:
        outcome = hook_ends.terminate(running, own.cluster, message)
    except ClusterRefused:
        return Outcome(running.state, running.rows, OperationPhase.ERROR, message)
    return replace(outcome, ended=OperationPhase.ERROR)


def _ended(visit: Visit, outcome: Outcome, sight: Sight, own: Seen | None) -> After:
    """The operation is over, or waits for its retry; what it left is compared with Git once more."""
    assert outcome.ended is not None
    state, under_way = outcome.state, outcome.state.operation or {}
    if state.terminate:
        state = replace(state, terminate=False, operation=under_way | {"final": True})
    if not (under_way.get("sync") or {}).get("dryRun"):
        attempt = operation_record.attempted(under_way, outcome.ended, outcome.message, visit.now)
        state = replace(state, memory=state.memory | {"attempt": attempt})
    state = operation_record.ended(state, outcome.ended, outcome.message, visit.now)
    sight = _seen_after(visit, state, outcome, sight, own)
    entry = _entry(state, under_way, outcome.ended, visit.now)
    if entry is not None:
        state = replace(state, memory=state.memory | {"nextId": entry["id"] + 1})
    verdict = begin.decided(visit, state, sight)
    if state.operation is not None:
        verdict = Verdict(wait_seconds=state.operation["retryAt"] - visit.now)
    after = outlook.settled(visit, state, sight, verdict)
    return replace(
        after,
        letters=after.letters + _told(visit, state, under_way, outcome),
        writes=tuple(history.append(visit.app.name, entry, visit.app.history_limit)) if entry is not None else (),
        again=state.asked is not None or verdict.sync,
    )


def _seen_after(visit: Visit, state: State, outcome: Outcome, sight: Sight, own: Seen | None) -> Sight:
    if not isinstance(sight, Seen) or own is None:
        return sight
    if own is sight:
        return replace(sight, found=replace(sight.found, rows=outcome.rows))
    found = comparison.run(visit.app, sight.wanted.objects, state.inventory, sight.cluster, visit.world)
    return replace(sight, found=found)


def _entry(state: State, under_way: dict[str, Any], ended: OperationPhase, now: float) -> dict[str, Any] | None:
    """The history entry of a whole, real, successful deployment (argo-behaviour, section 8)."""
    sync = under_way.get("sync") or {}
    if ended is not OperationPhase.SUCCEEDED or sync.get("resources") or sync.get("dryRun"):
        return None
    return {
        "id": state.memory.get("nextId", 0),
        "revision": under_way["revision"],
        "source": under_way["source"],
        "bundle": under_way["bundle"],
        "deployStartedAt": as_text(under_way["startedAt"]),
        "deployedAt": as_text(now),
        "initiatedBy": under_way.get("initiatedBy") or {},
    }


def _told(visit: Visit, state: State, under_way: dict[str, Any], outcome: Outcome) -> tuple[Letter, ...]:
    """The event that tells the world of a real operation's end; one that is tried again has not ended."""
    if (under_way.get("sync") or {}).get("dryRun") or state.operation is not None:
        return ()
    detail = {
        "application": visit.app.name,
        "phase": str(outcome.ended),
        "revision": under_way["revision"],
        "bundle": under_way["bundle"],
        "message": outcome.message,
    }
    return (Letter("events", {"type": f"Sync{outcome.ended}", "detail": detail}),)
