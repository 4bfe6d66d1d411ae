"""What became of one task: the row for `syncResult.resources`, and the live object as the API server answered it.

In: a task and what happened. Out: `Outcome`. The words are kubectl's and Argo CD's where people grep for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from driftless.vocabulary.model import OperationPhase, ResourceResult, ResultCode, Task
from driftless.vocabulary.objects import Manifest

_PHASES = {
    ResultCode.SYNCED: OperationPhase.RUNNING,
    ResultCode.SYNC_FAILED: OperationPhase.FAILED,
    ResultCode.PRUNED: OperationPhase.SUCCEEDED,
    ResultCode.PRUNE_SKIPPED: OperationPhase.SUCCEEDED,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`result.status` is None when the task has to wait and be done again later: `result.message` says for what.

    Otherwise `result.hook_phase` is Running for an applied object (its health decides), Failed or Succeeded.
    `live` is None when the object is gone, or was not touched.
    """

    result: ResourceResult
    live: Manifest | None = field(repr=False, default=None)


def outcome(task: Task, status: ResultCode, message: str, live: Manifest | None = None) -> Outcome:
    return Outcome(_row(task, status, _PHASES[status], message), live)


def pruned(task: Task, going: Manifest | None) -> Outcome:
    """`going`: the object while its finalizers and children are still at work; the next wave waits for its end."""
    phase = OperationPhase.SUCCEEDED if going is None else OperationPhase.RUNNING
    return Outcome(_row(task, ResultCode.PRUNED, phase, "pruned"), going)


def waiting(task: Task, message: str, live: Manifest | None = None) -> Outcome:
    """Not done: something on the cluster has to end first. The caller parks and comes back."""
    return Outcome(_row(task, None, OperationPhase.RUNNING, message), live)


def applied(task: Task, how: str, live: Manifest, *, dry_run: bool = False) -> Outcome:
    """`how`: serverside-applied, created, replaced …; the message is the line that kubectl prints."""
    key = task.key
    kind = f"{key.kind.lower()}.{key.group}" if key.group else key.kind.lower()
    if dry_run:
        message = f"{kind}/{key.name} {how} (dry run)"
        return Outcome(_row(task, ResultCode.SYNCED, OperationPhase.SUCCEEDED, message), live)
    return outcome(task, ResultCode.SYNCED, f"{kind}/{key.name} {how}", live)


def failed(task: Task, message: str, live: Manifest | None = None) -> Outcome:
    return outcome(task, ResultCode.SYNC_FAILED, message, live)


def _row(task: Task, status: ResultCode | None, phase: OperationPhase, message: str) -> ResourceResult:
    return ResourceResult(
        key=task.key,
        version=task.version,
        status=status,
        message=message,
        hook_type=task.hook,
        hook_phase=phase,
        sync_phase=task.phase,
    )
