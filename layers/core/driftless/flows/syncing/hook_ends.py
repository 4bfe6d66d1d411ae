"""How an operation's hooks end: seen to its end, let go with the operation, or cut short.

In: a running operation. Out: results, and hooks without our finalizer. Whatever becomes of an operation, none of its
hooks may keep the finalizer: nobody would take it off any more (argo-behaviour 5.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from driftless import apply, health
from driftless.flows.syncing import operation_record
from driftless.flows.syncing.running import Outcome, Running
from driftless.outlets.cluster import Cluster
from driftless.plan.step import task_id
from driftless.vocabulary.model import HealthStatus, OperationPhase, ResourceResult, Task
from driftless.vocabulary.objects import Manifest


def found_again(running: Running, cluster: Cluster) -> Running:
    """Objects with results that are in no row (hooks with generated names) are read, once a visit."""
    missing = [(t.key, t.version) for t in running.tasks if t.key not in running.live and task_id(t) in running.results]
    return replace(running, live=running.live | cluster.read(missing)) if missing else running


def end_of(task: Task, running: Running) -> ResourceResult | None:
    """None while the hook runs. One that vanished ended in a way nobody saw: a failure (argo-behaviour 5.3)."""
    result, live = running.results[task_id(task)], running.live.get(task.key)
    if live is None:
        return replace(result, hook_phase=OperationPhase.FAILED, message="the hook was deleted before it ended")
    judged = health.judge(live)
    if judged is None or judged.status is HealthStatus.HEALTHY:
        return replace(result, hook_phase=OperationPhase.SUCCEEDED, message=judged.message if judged else "")
    if judged.status in (HealthStatus.DEGRADED, HealthStatus.UNKNOWN):
        return replace(result, hook_phase=OperationPhase.FAILED, message=judged.message)
    return None


def let_go(running: Running, cluster: Cluster, ended: OperationPhase) -> None:
    """At the end of the operation: finalizers off, and hooks deleted whose policy says so."""
    policy = "HookSucceeded" if ended is OperationPhase.SUCCEEDED else "HookFailed"
    for _, live in _begun(running):
        if policy in apply.delete_policies(live):
            apply.delete_hook(cluster, live)
        else:
            apply.release_hook(cluster, live)


def terminate(running: Running, cluster: Cluster, message: str) -> Outcome:
    """The operation is cut short: running hooks are deleted and failed, what was applied stays (argo-behaviour 5.8)."""
    running = found_again(running, cluster)
    results = dict(running.results)
    live = {task_id(task): obj for task, obj in _begun(running)}
    for at, result in running.results.items():
        still = result.hook_type is not None and result.hook_phase is OperationPhase.RUNNING
        if still:
            results[at] = replace(result, hook_phase=OperationPhase.FAILED, message=message)
        if at in live:
            (apply.delete_hook if still else apply.release_hook)(cluster, live[at])
    state = operation_record.noted(running.state, results)
    return Outcome(state, running.rows, OperationPhase.FAILED, message)


def _begun(running: Running) -> Iterator[tuple[Task, Manifest]]:
    """The operation's hooks that were made and are still there."""
    for task in running.tasks:
        live = running.live.get(task.key)
        if task.hook and live is not None and task_id(task) in running.results:
            yield task, live
