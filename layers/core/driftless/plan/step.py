"""The next step of a sync: the first (phase, wave) that is not done is performed, waited for, or has failed.

In: the tasks of the operation, the results recorded so far, and how each object that was acted on is doing now.
Out: what to do next. Pure: the same answers to the same facts, however often a worker died in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from driftless.vocabulary.model import (
    Health,
    HealthStatus,
    HookType,
    OperationPhase,
    ResourceResult,
    ResultCode,
    Task,
    Verb,
)
from driftless.vocabulary.objects import ObjectKey

TaskId = tuple[ObjectKey, HookType]
"""An object may have one task in each phase."""

_BAD_ENDS = (OperationPhase.FAILED, OperationPhase.ERROR)


@dataclass(frozen=True, slots=True)
class Step:
    """Exactly one of: `perform` these now; `wait` for these; `ended` with a phase and a message."""

    perform: tuple[Task, ...] = ()
    wait: tuple[Task, ...] = ()
    ended: OperationPhase | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Doing:
    """How one acted-on object is doing: `gone` after a delete, its health (None = kind without a check) otherwise."""

    gone: bool
    health: Health | None


def task_id(task: Task) -> TaskId:
    return task.key, task.phase


def next_step(
    tasks: Sequence[Task], results: Mapping[TaskId, ResourceResult], doing: Mapping[ObjectKey, Doing]
) -> Step:
    """`results`: by task; `doing`: every object that has a result and whose end is not recorded yet.

    A group with results behind it was done when they were made: how its objects fare since then is not asked again.
    """
    groups = [tuple(group) for _, group in groupby(tasks, key=lambda t: (t.phase, t.wave))]
    ordinary = [group for group in groups if group[0].phase is not HookType.SYNC_FAIL]
    facts = _Facts(results, doing)
    failing = any(facts.begun(t) for t in tasks if t.phase is HookType.SYNC_FAIL)
    reached = max((n for n, group in enumerate(ordinary) if any(map(facts.begun, group))), default=-1)
    for number, group in enumerate(ordinary):
        last = number == len(ordinary) - 1
        asked = {task_id(t) for t in group if number == reached and _waited_for(t, group, last=last)}
        failed = [t for t in group if facts.failed(t, judged=task_id(t) in asked)]
        if failed:
            return _after_failure(groups, facts, _failure_message(failed, results, doing))
        undone = tuple(t for t in group if not facts.begun(t))
        if undone and not failing:
            return Step(perform=undone)
        waiting = tuple(t for t in group if task_id(t) in asked and not facts.done(t))
        if waiting and not failing:
            return Step(wait=waiting, message=_waiting_message(waiting, doing))
    if failing:
        return _after_failure(groups, facts, "an object failed, and the SyncFail hooks have begun")
    return Step(ended=OperationPhase.SUCCEEDED, message="successfully synced (all tasks run)")


def _waited_for(task: Task, group: Sequence[Task], *, last: bool) -> bool:
    """Not the plain objects of the last group, unless hooks run beside them: the sync succeeds whatever they do."""
    return not last or task.verb is Verb.PRUNE or any(t.hook for t in group)


def _after_failure(groups: Sequence[tuple[Task, ...]], facts: _Facts, message: str) -> Step:
    for group in groups:
        if group[0].phase is not HookType.SYNC_FAIL:
            continue
        undone = tuple(t for t in group if not facts.begun(t))
        if undone:
            return Step(perform=undone, message=message)
        waiting = tuple(t for t in group if not facts.done(t) and not facts.failed(t, judged=True))
        if waiting:
            return Step(wait=waiting, message=message)
    return Step(ended=OperationPhase.FAILED, message=message)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is recorded of each task, and how its object is doing."""

    results: Mapping[TaskId, ResourceResult]
    doing: Mapping[ObjectKey, Doing]

    def begun(self, task: Task) -> bool:
        return task_id(task) in self.results

    def failed(self, task: Task, *, judged: bool) -> bool:
        """What is recorded as failed; with `judged` also what is Degraded now, or gone before it was done."""
        result = self.results.get(task_id(task))
        if result is None:
            return False
        if result.status is ResultCode.SYNC_FAILED or result.hook_phase in (
            OperationPhase.FAILED,
            OperationPhase.ERROR,
        ):
            return True
        if _recorded(result) or task.verb is Verb.PRUNE or not judged:
            return False
        now = self.doing.get(task.key)
        if now is None:
            return False
        bad = (HealthStatus.DEGRADED, HealthStatus.UNKNOWN) if task.hook else (HealthStatus.DEGRADED,)
        # A hook that vanished is waited for once more: the look that misses it records its end.
        return (now.gone and not task.hook) or (now.health is not None and now.health.status in bad)

    def done(self, task: Task) -> bool:
        if _recorded(self.results[task_id(task)]):
            return True
        now = self.doing.get(task.key)
        if task.verb is Verb.PRUNE:
            return now is None or now.gone
        if now is None or now.gone:
            return False
        return now.health is None or now.health.status is HealthStatus.HEALTHY


def _recorded(result: ResourceResult) -> bool:
    return result.hook_phase is OperationPhase.SUCCEEDED or result.status is ResultCode.PRUNE_SKIPPED


def _failure_message(
    failed: Sequence[Task], results: Mapping[TaskId, ResourceResult], doing: Mapping[ObjectKey, Doing]
) -> str:
    first = failed[0]
    result, now = results[task_id(first)], doing.get(first.key)
    if result.status is ResultCode.SYNC_FAILED:
        why = result.message
    elif now and now.gone:
        why = "it was deleted while the sync waited for it"
    else:
        why = (now.health.message if now and now.health else "") or result.message
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    what = f"{first.hook} hook " if first.hook else ""
    return f"{what}{first.key} failed: {why or 'no reason given'}{more}"


def _waiting_message(waiting: Sequence[Task], doing: Mapping[ObjectKey, Doing]) -> str:
    first = waiting[0]
    if first.verb is Verb.PRUNE:
        what = f"deletion of {first.key}"
    elif first.hook:
        what = f"completion of hook {first.key}"
    else:
        what = f"healthy state of {first.key}"
    more = f" and {len(waiting) - 1} more objects" if len(waiting) > 1 else ""
    return f"waiting for {what}{more}"
