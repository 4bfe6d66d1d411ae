"""The corridor: one visit to one application, safe to repeat and to kill anywhere.

lease → what Git wants → comparison → decision → the operation's next steps → health → record → let go, or come back.
A visit is asked for by a message that only names the application: everything else is read when it begins.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from driftless.flows import comparison, deletion, desired, operation, operation_record, status
from driftless.flows.comparison import Comparison
from driftless.flows.desired import Desired
from driftless.flows.lease import Lease, StateMoved
from driftless.flows.status import Found
from driftless.flows.wiring import World
from driftless.outlets import cluster as clusters
from driftless.outlets.cluster import Cluster
from driftless.policy import automation
from driftless.policy.automation import Verdict
from driftless.record import applications, history, outbox
from driftless.record import clusters as registered
from driftless.record import state as states
from driftless.record.applications import Stored
from driftless.record.outbox import Letter
from driftless.record.state import State
from driftless.vocabulary.argo import Application
from driftless.vocabulary.errors import ClusterRefused, DriftlessError, NotFound, SourceError, Unavailable
from driftless.vocabulary.model import Condition, ConditionType, OperationPhase

ROUNDS = 20
"""How often one visit begins anew because something was asked for meanwhile, before it leaves that to a message."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What one visit works with."""

    stored: Stored
    lease: Lease
    world: World
    sleep: Callable[[float], None] = field(default=time.sleep)

    @property
    def app(self) -> Application:
        return self.stored.application

    @property
    def now(self) -> float:
        return self.world.clock()


def visit(name: str, world: World, sleep: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """One visit. The answer says what came of it: {"application", "sync", "health", "phase"} or {"busy"|"gone"}."""
    try:
        lease = Lease.take(name, world)
    except NotFound:
        return {"application": name, "gone": True}
    if lease is None:
        _come_back(name, world)
        return {"application": name, "busy": True}
    with lease:
        for _ in range(ROUNDS):
            with contextlib.suppress(StateMoved):
                stored = applications.read(world.table, name)
                after = look(Visit(stored, lease, world, sleep))
                if after is None:
                    return {"application": name, "gone": True}
                if lease.let_go(after.state, after.letters):
                    return _summary(after.state)
    raise Unavailable(f"application {name} is asked for more often than it can be looked at", hint="it is tried again")


@dataclass(frozen=True, slots=True)
class After:
    state: State
    letters: tuple[Letter, ...] = ()


def look(visit: Visit) -> After | None:
    """Everything that can be known and done now. None when the application is gone."""
    state = visit.lease.state
    try:
        if state.deleting:
            return _deleted(visit)
        if state.target is None:
            return After(state)
        cluster = connect(visit)
        wanted = _desired(visit, cluster)
        found = comparison.run(visit.app, wanted.objects, state.inventory, cluster, visit.world)
    except (SourceError, ClusterRefused, NotFound, Unavailable) as error:
        return _unknown(visit, error)
    return _decided(visit, cluster, wanted, found)


def connect(visit: Visit) -> Cluster:
    return clusters.connect(registered.find(visit.world.table, visit.app.destination).config)


def _desired(visit: Visit, cluster: Cluster) -> Desired:
    target = visit.lease.state.target
    assert target is not None
    if target.error:
        raise SourceError(target.stage, target.error)
    known = visit.lease.state.memory.get("rendered", {})
    return desired.from_target(visit.app, target, cluster.discovery().capabilities(), visit.world, known)


def _decided(visit: Visit, cluster: Cluster, wanted: Desired, found: Comparison) -> After:
    """Go on with the operation under way, or begin one that a person or the policy asks for, or only say how it is."""
    state = _superseded(visit, wanted)
    verdict = Verdict()
    if state.asked is not None and state.asked.get("resume"):
        state = replace(state, asked=None, memory={k: v for k, v in state.memory.items() if k != "held"})
    if state.operation is None and state.asked is not None:
        state = _begun_by_person(visit, state, wanted, found)
    elif state.operation is None:
        held = state.memory.get("held", "")
        attempt = operation_record.attempt(state)
        verdict = automation.decide(visit.app, found.status, found.rows, wanted.bundle, attempt, held, visit.now)
        if verdict.sync:
            state = _begun_by_policy(visit, state, wanted, found, verdict)
    if state.operation is None:
        return _settled(visit, cluster, state, wanted, found, verdict)
    return _operated(visit, cluster, state, wanted, found)


def _superseded(visit: Visit, wanted: Desired) -> State:
    """The newest commit wins: an operation for an older bundle, waiting or failing, gives way to automation."""
    state = visit.lease.state
    under_way = state.operation
    if under_way is None or "rollback" in under_way or visit.app.automated is None:
        return state
    if under_way["bundle"] == wanted.bundle or (under_way.get("sync") or {}).get("revision"):
        return state
    message = f"superseded by {wanted.revision[:7]}"
    state = replace(state, operation=under_way | {"final": True})
    state = replace(state, memory=state.memory | {"attempt": _attempt(state, OperationPhase.FAILED, message, visit)})
    return operation_record.ended(state, OperationPhase.FAILED, message, visit.now)


def _begun_by_person(visit: Visit, state: State, wanted: Desired, found: Comparison) -> State:
    asked = dict(state.asked or {})
    if asked.get("error"):
        return _refused(visit, state, wanted, str(asked["error"]))
    target = state.target
    if asked.get("lookup") and target is not None and target.at < asked.get("askedAt", 0.0):
        return state  # fetch is looking the revision up; its message comes back here
    pinned = _pinned(visit, asked, wanted)
    if "rollback" in asked:
        asked["sync"] = {
            "revision": pinned.revision,
            "prune": bool(asked.get("prune")),
            "dryRun": bool(asked.get("dryRun")),
        }
    return _begun(visit, state, asked, pinned, found)


def _begun_by_policy(visit: Visit, state: State, wanted: Desired, found: Comparison, verdict: Verdict) -> State:
    spec = visit.app.spec.get("syncPolicy") or {}
    asked: dict[str, Any] = {
        "id": f"{visit.app.name}-{visit.lease.state.fence}",
        "sync": {"revision": wanted.revision, "prune": verdict.prune},
        "initiatedBy": {"automated": True},
        "retry": spec.get("retry"),
    }
    if verdict.heal:
        drifted = [row.key for row in found.rows if row.status == "OutOfSync"]
        asked["sync"]["resources"] = [
            {"group": k.group, "kind": k.kind, "namespace": k.namespace, "name": k.name} for k in drifted
        ]
        asked["heals"] = operation_record.attempt(state).heals + 1
        asked["sync"]["autoHealAttemptsCount"] = asked["heals"]
    return _begun(visit, state, asked, wanted, found)


def _pinned(visit: Visit, asked: dict[str, Any], wanted: Desired) -> Desired:
    """The bundle that an operation is about: a rollback's own, a named revision's, or what Git wants now."""
    rollback = asked.get("rollback")
    if rollback:
        objects = desired.from_store(rollback["bundle"], visit.world)
        return Desired(rollback["bundle"], objects, rollback["revision"], rollback["source"])
    if asked.get("artifact"):
        target = states.Target(asked["sync"]["revision"], asked["artifact"], visit.app.source.raw)
        capabilities = connect(visit).discovery().capabilities()
        return desired.from_target(visit.app, target, capabilities, visit.world, {})
    return wanted


def _begun(visit: Visit, state: State, asked: dict[str, Any], pinned: Desired, found: Comparison) -> State:
    """Written down before anything is touched: a worker that dies from here on is followed by one that goes on."""
    state = operation_record.begun(asked, pinned, state, visit.now)
    if not (asked.get("sync") or {}).get("dryRun"):
        state = operation_record.inventoried(state, found)
        memory = {k: v for k, v in state.memory.items() if k != "held" or asked.get("heals")}
        state = replace(state, memory=memory)
    return state


def _refused(visit: Visit, state: State, wanted: Desired, message: str) -> State:
    state = operation_record.begun(state.asked or {}, wanted, state, visit.now)
    state = replace(state, operation=(state.operation or {}) | {"final": True})
    return operation_record.ended(state, OperationPhase.ERROR, message, visit.now)


def _operated(visit: Visit, cluster: Cluster, state: State, wanted: Desired, found: Comparison) -> After:
    """The operation under way: its own bundle's comparison, its next steps, and what they left."""
    under_way = state.operation or {}
    if under_way.get("retryAt", 0.0) > visit.now:
        wait = int(under_way["retryAt"] - visit.now) + 1
        return _settled(visit, cluster, state, wanted, found, Verdict(wait_seconds=wait))
    if "retryAt" in under_way:
        state = operation_record.retried(state, visit.now)
    own, rows = wanted, found
    if under_way["bundle"] != wanted.bundle:
        objects = desired.from_store(under_way["bundle"], visit.world)
        own = Desired(under_way["bundle"], objects, under_way["revision"], under_way["source"])
        rows = comparison.run(visit.app, objects, state.inventory, cluster, visit.world)
        state = operation_record.inventoried(state, rows)
    visit.lease.save(state)
    running = operation.resume(visit.app, state, own, rows, visit.lease.save)
    outcome = _driven(visit, cluster, running)
    if outcome.ended is None:
        found = replace(rows, rows=outcome.rows) if own is wanted else found
        return _settled(visit, cluster, outcome.state, wanted, found, Verdict(wait_seconds=outcome.delay))
    return _ended(visit, cluster, outcome, own, wanted, rows)


def _driven(visit: Visit, cluster: Cluster, running: operation.Running) -> operation.Outcome:
    if running.state.terminate:
        return operation.terminate(running, cluster)
    failed = status.namespace_failure(visit.app, cluster, running)
    if failed:
        return operation.Outcome(running.state, running.rows, OperationPhase.FAILED, failed)
    try:
        return operation.drive(running, cluster, visit.world, visit.sleep)
    except ClusterRefused as error:
        return operation.Outcome(running.state, running.rows, OperationPhase.ERROR, str(error))


def _ended(
    visit: Visit, cluster: Cluster, outcome: operation.Outcome, own: Desired, wanted: Desired, compared: Comparison
) -> After:
    """The end and its history entry are one transaction; then the application is compared with Git once more."""
    assert outcome.ended is not None
    state = outcome.state
    under_way = state.operation or {}
    if state.terminate:
        state = replace(state, terminate=False, operation=under_way | {"final": True})
    attempt = _attempt(state, outcome.ended, outcome.message, visit)
    memory = state.memory | {"attempt": attempt}
    if outcome.ended is OperationPhase.SUCCEEDED and "rollback" in under_way and visit.app.automated:
        memory["held"] = wanted.bundle
    state = operation_record.ended(replace(state, memory=memory), outcome.ended, outcome.message, visit.now)
    found = replace(compared, rows=outcome.rows)
    if own is not wanted:
        found = comparison.run(visit.app, wanted.objects, state.inventory, cluster, visit.world)
    entry, letters = status.deployed(visit.app, state, own, under_way, outcome.ended, visit.now)
    if entry is not None:
        state = replace(state, memory=state.memory | {"nextId": entry["id"] + 1})
    after = _settled(visit, cluster, state, wanted, found, _retry_verdict(state, visit))
    writes = history.append(visit.app.name, entry, visit.app.history_limit) if entry is not None else []
    visit.lease.save(after.state, *writes)
    return replace(after, letters=after.letters + letters)


def _retry_verdict(state: State, visit: Visit) -> Verdict:
    retry_at = (state.operation or {}).get("retryAt")
    return Verdict(wait_seconds=retry_at - visit.now) if retry_at else Verdict()


def _attempt(state: State, phase: OperationPhase, message: str, visit: Visit) -> dict[str, Any]:
    return operation_record.attempted(state.operation or {}, phase, message, visit.now)


def _settled(
    visit: Visit, cluster: Cluster, state: State, wanted: Desired, found: Comparison, verdict: Verdict
) -> After:
    """Sync status, health, resources and conditions as they are now, and when to look again."""
    fresh = found.rows is not None and state.operation is None
    seen = Found(wanted, found, verdict, status.judged(found.rows, cluster if fresh else None))
    state = status.written(visit.app, state, seen, visit.now)
    letters, state = status.next_look(visit.app, state, seen, verdict, visit.now)
    return After(state, letters)


def _unknown(visit: Visit, error: DriftlessError) -> After:
    """Git, the cluster or the spec does not let us compare: everything stays as it is, and the reason is shown."""
    invalid = isinstance(error, NotFound)
    kind = ConditionType.INVALID_SPEC_ERROR if invalid else ConditionType.COMPARISON_ERROR
    state = status.unknown(visit.app, visit.lease.state, Condition(kind, str(error)), visit.now)
    state = status.abandoned(state, str(error), visit.now) if not error.retryable else state
    letters, state = status.look_after_failure(visit.app, state, visit.now, retryable=error.retryable)
    return After(state, letters)


def _deleted(visit: Visit) -> After | None:
    try:
        cluster = connect(visit)
    except NotFound:
        cluster = None
    left = deletion.step(visit.stored, visit.lease, cluster, visit.world)
    if left is None:
        return None
    letters, state = status.look_after_failure(visit.app, left, visit.now, retryable=True)
    return After(state, letters)


def _come_back(name: str, world: World) -> None:
    """Another worker is there: it will look again before it lets go, and if it dies, a message will."""
    letter = Letter("sync", {"application": name, "cause": "takeover"}, Lease.SECONDS + 1)
    slot = int(world.clock()) // Lease.SECONDS
    try:
        world.table.write(states.look_again(name), outbox.post(f"{name}/takeover", slot, 0, letter, world.clock()))
    except NotFound:
        return


def _summary(state: State) -> dict[str, Any]:
    shown = state.status
    return {
        "application": state.name,
        "sync": (shown.get("sync") or {}).get("status", "Unknown"),
        "health": (shown.get("health") or {}).get("status", "Unknown"),
        "phase": (shown.get("operationState") or {}).get("phase", ""),
        "revision": (shown.get("sync") or {}).get("revision", ""),
    }
