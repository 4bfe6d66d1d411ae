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
    """`results`: by task; `doing`: every object that has a result and whose end is not recorded yet."""
    groups = [tuple(group) for _, group in groupby(tasks, key=lambda t: (t.phase, t.wave))]
    ordinary = [group for group in groups if group[0].phase is not HookType.SYNC_FAIL]
    for number, group in enumerate(ordinary):
        failed = [t for t in group if _failed(t, results, doing)]
        if failed:
            return _after_failure(groups, results, doing, failed)
        undone = tuple(t for t in group if task_id(t) not in results)
        if undone:
            return Step(perform=undone)
        last = number == len(ordinary) - 1
        waiting = tuple(t for t in group if not _done(t, results, doing) and not (last and _needs_no_wait(t)))
        if waiting:
            return Step(wait=waiting, message=_waiting_message(waiting, doing))
    return Step(ended=OperationPhase.SUCCEEDED, message="successfully synced (all tasks run)")


def _needs_no_wait(task: Task) -> bool:
    """The last wave's plain objects are not waited for: their health is recorded as it comes."""
    return task.hook is None and task.verb is Verb.APPLY


def _after_failure(
    groups: Sequence[tuple[Task, ...]],
    results: Mapping[TaskId, ResourceResult],
    doing: Mapping[ObjectKey, Doing],
    failed: Sequence[Task],
) -> Step:
    message = _failure_message(failed, results, doing)
    for group in groups:
        if group[0].phase is not HookType.SYNC_FAIL:
            continue
        undone = tuple(t for t in group if task_id(t) not in results)
        if undone:
            return Step(perform=undone, message=message)
        waiting = tuple(t for t in group if not _done(t, results, doing) and not _failed(t, results, doing))
        if waiting:
            return Step(wait=waiting, message=message)
    return Step(ended=OperationPhase.FAILED, message=message)


def _failed(task: Task, results: Mapping[TaskId, ResourceResult], doing: Mapping[ObjectKey, Doing]) -> bool:
    result = results.get(task_id(task))
    if result is None:
        return False
    if result.status is ResultCode.SYNC_FAILED or result.hook_phase in (OperationPhase.FAILED, OperationPhase.ERROR):
        return True
    if _recorded(result) or task.verb is Verb.PRUNE:
        return False
    now = doing.get(task.key)
    bad = (HealthStatus.DEGRADED, HealthStatus.UNKNOWN) if task.hook else (HealthStatus.DEGRADED,)
    return bool(now and now.health and now.health.status in bad)


def _done(task: Task, results: Mapping[TaskId, ResourceResult], doing: Mapping[ObjectKey, Doing]) -> bool:
    result = results[task_id(task)]
    if _recorded(result):
        return True
    now = doing.get(task.key)
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
    why = result.message if result.status is ResultCode.SYNC_FAILED else ""
    why = why or (now.health.message if now and now.health else "") or result.message
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
