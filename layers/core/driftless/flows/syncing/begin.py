"""An operation begins, because a person or the policy asks for it; or ends early, because a newer commit is there.

In: a visit and what it sees. Out: the state with the operation under way, if there is one, and the policy's verdict.
Nothing is touched here: what begins is written down before its first step (flows/syncing/proceed).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from driftless.flows.syncing import comparison, desired, hook_ends, operation_record, running, status
from driftless.flows.syncing.desired import Desired
from driftless.flows.syncing.visit import Seen, Sight, Visit
from driftless.policy import automation
from driftless.policy.automation import Verdict
from driftless.record import state as states
from driftless.record.state import State
from driftless.vocabulary.errors import ClusterRefused, Refused, SourceError
from driftless.vocabulary.model import OperationPhase

TERMINATED = "operation terminated"


def begin(visit: Visit, state: State, sight: Sight) -> tuple[State, Verdict]:
    """Leaves an operation under way alone. The verdict is the policy's, where it was asked."""
    if state.asked is not None and state.asked.get("resume"):
        state = replace(state, asked=None, memory={k: v for k, v in state.memory.items() if k != "held"})
    if state.operation is not None:
        return state, Verdict()
    if state.terminate:
        state = replace(state, terminate=False)
        return (refused(visit, state, TERMINATED, OperationPhase.FAILED) if state.asked else state), Verdict()
    if state.asked is not None:
        return _by_person(visit, state, sight), Verdict()
    verdict = decided(visit, state, sight)
    return (_by_policy(visit, state, sight, verdict) if isinstance(sight, Seen) and verdict.sync else state), verdict


def decided(visit: Visit, state: State, sight: Sight) -> Verdict:
    """What automation makes of it. Nothing while Git cannot be read, or while something is asked for or under way."""
    if not isinstance(sight, Seen) or state.operation is not None or state.asked is not None:
        return Verdict()
    attempt, held = operation_record.attempt(state), state.memory.get("held", "")
    found = sight.found
    return automation.decide(visit.app, found.status, found.rows, sight.wanted.bundle, attempt, held, visit.now)


def superseded(visit: Visit, state: State, sight: Sight) -> State:
    """The newest commit wins: an operation for an older bundle, waiting or failing, gives way to automation."""
    under_way = state.operation
    if under_way is None or "artifact" in under_way or visit.app.automated is None or not isinstance(sight, Seen):
        return state
    if sight.wanted.bundle in (under_way["bundle"], state.memory.get("held")):
        return state
    message = f"superseded by {sight.wanted.revision[:7]}"
    state = _hooks_ended(visit, state, sight, message)
    attempt = operation_record.attempted(under_way, OperationPhase.FAILED, message, visit.now)
    state = replace(state, operation=under_way | {"final": True}, memory=state.memory | {"attempt": attempt})
    return operation_record.ended(state, OperationPhase.FAILED, message, visit.now)


def _hooks_ended(visit: Visit, state: State, sight: Seen, message: str) -> State:
    """Hooks of the old operation that still run are deleted: nobody would take their finalizer off any more."""
    under_way = state.operation or {}
    if not any(result.hook_type for result in operation_record.results(state).values()):
        return state
    try:
        objects = desired.from_store(under_way["bundle"], visit.world)
        rows = comparison.run(visit.app, objects, state.inventory, sight.cluster, visit.world)
        own = Desired(under_way["bundle"], objects, under_way["revision"], under_way["source"])
        under_way_there = running.resume(visit.app, state, own, rows, visit.lease.save)
        return hook_ends.terminate(under_way_there, sight.cluster, message).state
    except (Refused, ClusterRefused):
        return state


def _by_person(visit: Visit, state: State, sight: Sight) -> State:
    asked, target = dict(state.asked or {}), state.target
    if asked.get("error"):
        return refused(visit, state, str(asked["error"]))
    if asked.get("lookup") and (target is None or target.at < asked.get("askedAt", 0.0)):
        return state  # fetch is looking the revision up; its message comes back here
    try:
        pinned = _pinned(visit, asked, sight)
    except (SourceError, Refused) as error:
        return refused(visit, state, str(error))
    if "rollback" in asked:
        asked["sync"] = {
            "revision": pinned.revision,
            "prune": bool(asked.get("prune")),
            "dryRun": bool(asked.get("dryRun")),
        }
    state = _begun(state, asked, pinned, visit.now)
    if "rollback" in asked and visit.app.automated and not asked.get("dryRun"):
        state = _held(state, pinned, sight)
    return state


def _held(state: State, pinned: Desired, sight: Sight) -> State:
    """From its beginning on a rollback holds back what it leads away from, whether it succeeds or not."""
    last = sight.wanted.bundle if isinstance(sight, Seen) else state.memory.get("rendered", {}).get("bundle", "")
    if last in ("", pinned.bundle):
        return state
    return replace(state, memory=state.memory | {"held": last})


def _by_policy(visit: Visit, state: State, sight: Seen, verdict: Verdict) -> State:
    wanted = sight.wanted
    asked: dict[str, Any] = {
        "id": f"{state.fence}-{int(visit.now * 1000)}",
        "sync": {"revision": wanted.revision, "prune": verdict.prune},
        "initiatedBy": {"automated": True},
        "retry": (visit.app.spec.get("syncPolicy") or {}).get("retry"),
    }
    if verdict.heal:
        drifted = [row.key for row in sight.found.rows if row.status == "OutOfSync"]
        asked["sync"]["resources"] = [
            {"group": k.group, "kind": k.kind, "namespace": k.namespace, "name": k.name} for k in drifted
        ]
        asked["heals"] = operation_record.attempt(state).heals + 1
        asked["sync"]["autoHealAttemptsCount"] = asked["heals"]
    return _begun(state, asked, wanted, visit.now)


def _pinned(visit: Visit, asked: dict[str, Any], sight: Sight) -> Desired:
    """The bundle that an operation is about: a rollback's own, a named revision's, or what Git wants now."""
    rollback = asked.get("rollback")
    if rollback:
        objects = desired.from_store(rollback["bundle"], visit.world)
        return Desired(rollback["bundle"], objects, rollback["revision"], rollback["source"])
    if asked.get("artifact"):
        target = states.Target(asked["sync"]["revision"], asked["artifact"], visit.app.source.raw)
        capabilities = sight.cluster.discovery().capabilities()
        return desired.from_target(visit.app, target, capabilities, visit.world, {})
    if isinstance(sight, Seen):
        return sight.wanted
    raise sight.trouble


def _begun(state: State, asked: dict[str, Any], pinned: Desired, now: float) -> State:
    """A sync by a person or for a newer bundle ends a hold; a heal, a rollback and a dry run do not."""
    state = operation_record.begun(asked, pinned, state, now)
    if (asked.get("sync") or {}).get("dryRun") or asked.get("heals") or "rollback" in asked:
        return state
    automated = bool((asked.get("initiatedBy") or {}).get("automated"))
    over = ("held",) if automated else ("held", status.LEFT)
    return replace(state, memory={k: v for k, v in state.memory.items() if k not in over})


def refused(visit: Visit, state: State, message: str, phase: OperationPhase = OperationPhase.ERROR) -> State:
    """What was asked for ends before it began, and says why."""
    asked, target = state.asked or {}, state.target or states.Target()
    revision = str((asked.get("sync") or {}).get("revision") or target.revision)
    about = Desired("", (), revision, visit.app.source.raw)
    state = operation_record.begun(asked, about, state, visit.now)
    state = replace(state, operation=(state.operation or {}) | {"final": True})
    return operation_record.ended(state, phase, message, visit.now)
