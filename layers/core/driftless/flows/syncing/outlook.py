"""How a visit leaves an application: its status as it is now, and when to look at it again.

In: a visit, the state, what was seen or why nothing could be. Out: `After`. One letter is on its way to an application
at a time, as far as we know: a visit in between sends no second one, or each would beget its own line of visits.
"""

from __future__ import annotations

import math
from dataclasses import replace

from driftless.flows.syncing import begin, operation_record, status
from driftless.flows.syncing.status import Found
from driftless.flows.syncing.visit import After, Blind, Sight, Visit
from driftless.policy.automation import Verdict
from driftless.record.outbox import Letter
from driftless.record.state import State
from driftless.vocabulary.errors import ClusterRefused, Refused, Unavailable
from driftless.vocabulary.model import Condition, ConditionType, HealthStatus, OperationPhase

LOOKS = (1, 1, 2, 3, 5, 8, 13, 20, 30, 60)
"""Seconds until the next look at an application whose health still moves, or that is being deleted; after the last
one the poll looks."""
FAILURE_LOOKS = (5, 15, 60)
"""Seconds until the next try when something outside is down; after the last one the poll's scan finds it again."""
LONGEST_SECONDS = 900
"""SQS delays no message longer; whoever comes too early sends the next letter."""
_SLACK = 0.5
UNREADABLE = "unreadable"
"""In the memory while Git's content is what is wrong: no look at the cluster can change that."""
FAILURES = "failures"

Called = tuple[tuple[Letter, ...], State]


def settled(visit: Visit, state: State, sight: Sight, verdict: Verdict) -> After:
    """Sync status, health, resources and conditions as they are now, and when to look again."""
    if isinstance(sight, Blind):
        return _blind(visit, state, sight, verdict)
    state = replace(state, memory={k: v for k, v in state.memory.items() if k not in (FAILURES, UNREADABLE)})
    # what was applied a moment ago has no pods that could be stuck yet: they are asked for from the next look on
    again = sight.cluster if state.operation is not None or state.memory.get("looks") else None
    seen = Found(sight.wanted, sight.found, verdict, status.judged(sight.found.rows, again))
    state = status.written(visit.app, state, seen, visit.now)
    letters, state = _next_look(state, seen.health.status, verdict, visit.now)
    return After(state, letters)


def _blind(visit: Visit, state: State, sight: Blind, verdict: Verdict) -> After:
    state = replace(state, memory=state.memory | {UNREADABLE: True})
    state = status.unknown(state, Condition(ConditionType.COMPARISON_ERROR, str(sight.trouble)), visit.now)
    letters, state = _called(state, verdict.wait_seconds, "go on", visit.now) if verdict.wait_seconds else ((), state)
    return After(state, letters)


def obstructed(visit: Visit, error: Refused | ClusterRefused | Unavailable) -> After:
    """The spec, or the cluster, does not let us compare: everything stays as it is, and the reason is shown."""
    state = visit.lease.state
    kind = ConditionType.INVALID_SPEC_ERROR if isinstance(error, Refused) else ConditionType.COMPARISON_ERROR
    if not error.retryable:
        state = _abandoned(visit, state, str(error))
    state = status.unknown(state, Condition(kind, str(error)), visit.now)
    if state.deleting:
        return going(visit, state)
    if state.operation is not None and "retryAt" in state.operation:
        letters, state = _called(state, state.operation["retryAt"] - visit.now, "retry", visit.now)
        return After(state, letters)
    failures = state.memory.get(FAILURES, 0)
    if not error.retryable or failures >= len(FAILURE_LOOKS):
        return After(state)
    letters, called = _called(state, FAILURE_LOOKS[failures], "again", visit.now)
    return After(replace(called, memory=called.memory | {FAILURES: failures + 1}) if letters else called, letters)


def faulted(visit: Visit, fault: Exception) -> State:
    """A step failed by a fault of ours: said by its kind alone, since an exception's words may quote what was read."""
    message = f"a step failed by a fault of Driftless ({type(fault).__name__}); the sync function's log names the place"
    return status.unknown(visit.lease.state, Condition(ConditionType.UNKNOWN_ERROR, message), visit.now)


def _abandoned(visit: Visit, state: State, message: str) -> State:
    """What a person asked for, or began, cannot be done while nothing can be compared: it ends with phase Error."""
    if state.asked is not None and not state.asked.get("resume") and state.operation is None:
        return begin.refused(visit, replace(state, terminate=False), message)
    if state.operation is None or "retryAt" in state.operation:
        return state
    if state.terminate:
        state = replace(state, terminate=False, operation=state.operation | {"final": True})
    return operation_record.ended(state, OperationPhase.ERROR, message, visit.now)


def going(visit: Visit, state: State) -> After:
    """An application that is being deleted is looked at until it is gone; after the last look by the poll."""
    looks = state.memory.get("going", 0)
    if looks >= len(LOOKS):
        return After(state)
    letters, state = _called(state, LOOKS[looks], "delete", visit.now)
    return After(replace(state, memory=state.memory | {"going": looks + 1}) if letters else state, letters)


def _next_look(state: State, health: HealthStatus, verdict: Verdict, now: float) -> Called:
    """The operation's or the policy's time; or, while health still moves, soon."""
    if verdict.wait_seconds > 0:
        return _called(state, verdict.wait_seconds, "go on", now)
    if health is not HealthStatus.PROGRESSING or state.operation is not None:
        return (), replace(state, memory={k: v for k, v in state.memory.items() if k != "looks"})
    looks = state.memory.get("looks", 0)
    if looks >= len(LOOKS):
        return (), state
    letters, state = _called(state, LOOKS[looks], "health", now)
    return letters, replace(state, memory=state.memory | {"looks": looks + 1}) if letters else state


def _called(state: State, seconds: float, cause: str, now: float) -> Called:
    """A letter to come back in so many seconds, unless one that comes no later is on its way."""
    delay = min(LONGEST_SECONDS, max(1, math.ceil(seconds)))
    if now + _SLACK < state.memory.get("wakes", 0.0) <= now + delay + _SLACK:
        return (), state
    letter = Letter("sync", {"application": state.name, "cause": cause}, delay)
    return (letter,), replace(state, memory=state.memory | {"wakes": now + delay})
