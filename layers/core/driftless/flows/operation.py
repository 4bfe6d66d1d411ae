"""One operation, from its beginning to its end, in steps that may each be the last before a crash.

begin (written down before anything is touched) → the next step of the plan, performed or waited for → end.
What a step did is found again in the recorded results and the live objects; nothing else is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from driftless import apply, health
from driftless.flows import children, operation_record
from driftless.flows.comparison import Comparison
from driftless.flows.desired import Desired
from driftless.flows.wiring import World
from driftless.outlets.cluster import Cluster
from driftless.plan.step import Doing, Step, TaskId, next_step, task_id
from driftless.plan.tasks import Scope, tasks
from driftless.policy.pruning import Pruning, pruning
from driftless.record.state import State
from driftless.vocabulary.argo import Application
from driftless.vocabulary.model import (
    Compared,
    HealthStatus,
    HookType,
    OperationPhase,
    ResourceResult,
    ResultCode,
    Task,
    Verb,
)
from driftless.vocabulary.objects import Manifest, ObjectKey

QUICK_LOOKS = (0.05, 0.1, 0.15, 0.3, 0.4, 0.5)
"""Seconds between the looks at a wave before the operation is parked: 1.5 s in all."""
PARKED = (1, 2, 3, 5, 8, 15, 30)
"""Seconds of delay of the message that goes on with a parked operation; the last one repeats."""


@dataclass(frozen=True, slots=True)
class Running:
    """An operation in the middle: what it is, what it wants, and what is known of every object it is about."""

    app: Application
    state: State
    desired: Desired
    rows: tuple[Compared, ...] = field(repr=False)
    pruning: Pruning
    results: dict[TaskId, ResourceResult] = field(repr=False)
    live: dict[ObjectKey, Manifest | None] = field(repr=False)
    save: Callable[[State], None] = field(repr=False)
    """Writes the state under the lease; raises LeaseLost when it went to another worker."""

    @property
    def document(self) -> dict[str, Any]:
        return self.state.operation or {}

    @property
    def sync(self) -> dict[str, Any]:
        return self.document.get("sync") or {}

    @property
    def sync_options(self) -> frozenset[str]:
        return self.app.sync_options | frozenset(self.sync.get("syncOptions") or ())

    @property
    def tasks(self) -> tuple[Task, ...]:
        return tasks(self.rows, _scope(self))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one visit made of the operation: `ended`, or None when it is parked for `delay` seconds."""

    state: State
    rows: tuple[Compared, ...] = field(repr=False)
    ended: OperationPhase | None = None
    message: str = ""
    delay: int = 0


def resume(
    app: Application, state: State, desired: Desired, comparison: Comparison, save: Callable[[State], None]
) -> Running:
    """Take up the operation under way where the last visit, alive or not, has left it."""
    sync = (state.operation or {}).get("sync") or {}
    options = app.sync_options | frozenset(sync.get("syncOptions") or ())
    allowed = pruning(
        comparison.rows,
        options,
        asked=bool(sync.get("prune")),
        confirmed=bool((state.operation or {}).get("confirmPrune")),
    )
    results = operation_record.results(state)
    live = {row.key: row.live for row in comparison.rows}
    return Running(app, state, desired, comparison.rows, allowed, results, live, save)


def drive(running: Running, cluster: Cluster, world: World, sleep: Callable[[float], None]) -> Outcome:
    """Steps until the operation ends, or has to wait longer than a message costs."""
    running = _found_again(running, cluster)
    looks = iter(QUICK_LOOKS)
    while True:
        step = next_step(running.tasks, running.results, _doing(running))
        if step.ended:
            return _ended(running, step, cluster)
        if step.perform:
            performed = _performed(running, step, cluster, world)
            if performed.results != running.results:
                running, looks = performed, iter(QUICK_LOOKS)
                continue
        pause = next(looks, None)
        if pause is None:
            return _parked(running, step)
        sleep(pause)
        running = _looked(running, step.wait, cluster, world)


def _scope(running: Running) -> Scope:
    strategy = running.sync.get("syncStrategy") or {}
    revision, started = running.desired.revision[:7], int(running.document["startedAt"])
    return Scope(
        prune=running.pruning.allowed,
        resources=tuple(running.sync["resources"]) if running.sync.get("resources") else None,
        hooks="apply" not in strategy and "rollback" not in running.document and not running.sync.get("dryRun"),
        options=running.sync_options,
        run=f"{revision}-{started}",
    )


def _found_again(running: Running, cluster: Cluster) -> Running:
    """Objects with results that are in no row (hooks with generated names) are read, once a visit."""
    missing = [(t.key, t.version) for t in running.tasks if t.key not in running.live and task_id(t) in running.results]
    return replace(running, live=running.live | cluster.read(missing)) if missing else running


def _performed(running: Running, step: Step, cluster: Cluster, world: World) -> Running:
    """Carry out one (phase, wave) and write down what came of it, unless nothing is left to do after."""
    done: list[tuple[ResourceResult, Manifest | None]] = []
    for_cluster = []
    for task in step.perform:
        if children.is_ours(task.key):
            done.append(children.perform(task, running.app.name, world, dry_run=bool(running.sync.get("dryRun"))))
        elif _in_sync(task, running):
            done.append((_unchanged(task), task.live))
        else:
            for_cluster.append(replace(task, live=running.live.get(task.key, task.live)))
    done += [(o.result, o.live) for o in apply.perform(cluster, for_cluster, _options(running))]
    finished = [(result, live) for result, live in done if result.status is not None]
    results = running.results | {(r.key, r.sync_phase): r for r, _ in finished}
    live = running.live | {r.key: seen for r, seen in finished if not running.sync.get("dryRun")}
    state = operation_record.noted(running.state, results, step.message or "applying")
    running = replace(running, results=results, live=live, state=state, rows=_with_live(running.rows, finished, live))
    if any(task_id(t) not in results or t.hook for t in running.tasks):
        running.save(running.state)
    return running


def _in_sync(task: Task, running: Running) -> bool:
    """An object that the comparison proved to be in sync needs no apply, unless it is a hook or to be replaced."""
    if task.verb is not Verb.APPLY or task.hook or task.live is None or _options(running).force:
        return False
    return any(row.key == task.key and not row.modified and not row.error for row in running.rows)


def _unchanged(task: Task) -> ResourceResult:
    message = f"{task.key.kind.lower()}/{task.key.name} unchanged"
    return ResourceResult(
        task.key, task.version, ResultCode.SYNCED, message, hook_phase=OperationPhase.RUNNING, sync_phase=task.phase
    )


def _options(running: Running) -> apply.Options:
    strategy = running.sync.get("syncStrategy") or {}
    forced = any((strategy.get(kind) or {}).get("force") for kind in ("apply", "hook"))
    return apply.Options(
        options=running.sync_options,
        force=forced,
        dry_run=bool(running.sync.get("dryRun")),
        prune=bool(running.sync.get("prune")),
        operation=f"{running.document.get('id', '')}/{running.document.get('retryCount', 0)}",
    )


def _with_live(
    rows: Sequence[Compared],
    finished: Sequence[tuple[ResourceResult, Manifest | None]],
    live: dict[ObjectKey, Manifest | None],
) -> tuple[Compared, ...]:
    """The rows as the API server's answers left them: what was applied is as Git wants it, what was pruned is gone."""
    applied = {r.key for r, _ in finished if r.status is ResultCode.SYNCED}
    return tuple(
        replace(row, live=live.get(row.key, row.live), modified=row.modified and row.key not in applied) for row in rows
    )


def _doing(running: Running) -> dict[ObjectKey, Doing]:
    doing = {}
    for key, _ in running.results:
        live = running.live.get(key)
        doing[key] = Doing(gone=live is None, health=health.judge(live) if live is not None else None)
    return doing


def _looked(running: Running, waiting: Sequence[Task], cluster: Cluster, world: World) -> Running:
    """Read the objects that are waited for once more; a hook that ended is recorded, so that it never runs twice."""
    refs = [(t.key, t.version) for t in waiting if not children.is_ours(t.key)]
    live = cluster.read(refs) | children.read([t.key for t in waiting if children.is_ours(t.key)], world)
    rows = tuple(replace(row, live=live[row.key]) if row.key in live else row for row in running.rows)
    running = replace(running, rows=rows, live=running.live | live)
    ended = {task_id(t): _hook_end(t, running) for t in waiting if t.hook}
    results = running.results | {at: result for at, result in ended.items() if result is not None}
    if results == running.results:
        return running
    running = replace(running, results=results, state=operation_record.noted(running.state, results))
    running.save(running.state)
    for key, _ in (at for at, result in ended.items() if result is not None):
        there = running.live.get(key)
        if there is not None:
            apply.release_hook(cluster, there)
    return running


def _hook_end(task: Task, running: Running) -> ResourceResult | None:
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


def _parked(running: Running, step: Step) -> Outcome:
    looked = running.state.memory.get("parked", 0)
    state = operation_record.noted(running.state, running.results, step.message)
    state = replace(state, memory=state.memory | {"parked": looked + 1})
    return Outcome(state, running.rows, message=step.message, delay=PARKED[min(looked, len(PARKED) - 1)])


def _ended(running: Running, step: Step, cluster: Cluster) -> Outcome:
    """Plain objects that nobody waited for are done as well; what was not pruned says why; hooks are let go."""
    assert step.ended is not None
    results = dict(running.results)
    for at, result in results.items():
        if result.hook_phase is OperationPhase.RUNNING and step.ended is OperationPhase.SUCCEEDED:
            results[at] = replace(result, hook_phase=OperationPhase.SUCCEEDED)
    if running.sync.get("resources") is None:
        for row in running.rows:
            if row.key in running.pruning.kept:
                results[row.key, HookType.SYNC] = _not_pruned(row, running.pruning.kept[row.key])
    _let_hooks_go(running, cluster, step.ended)
    message = f"{step.message}; {running.pruning.waits}" if running.pruning.waits else step.message
    return Outcome(operation_record.noted(running.state, results, message), running.rows, step.ended, message)


def _not_pruned(row: Compared, why: str) -> ResourceResult:
    return ResourceResult(row.key, row.version, ResultCode.PRUNE_SKIPPED, why, hook_phase=OperationPhase.SUCCEEDED)


def _let_hooks_go(running: Running, cluster: Cluster, ended: OperationPhase) -> None:
    """At the end of the operation: finalizers off, and hooks deleted whose policy says so (argo-behaviour 5.3)."""
    policy = "HookSucceeded" if ended is OperationPhase.SUCCEEDED else "HookFailed"
    for task in running.tasks:
        live = running.live.get(task.key)
        if not task.hook or live is None or task_id(task) not in running.results:
            continue
        if policy in apply.delete_policies(live):
            apply.delete_hook(cluster, live)
        else:
            apply.release_hook(cluster, live)


def terminate(running: Running, cluster: Cluster) -> Outcome:
    """A person ended it: running hooks are deleted and failed, what was applied stays (argo-behaviour 5.8)."""
    running = _found_again(running, cluster)
    results = dict(running.results)
    for task in running.tasks:
        live, result = running.live.get(task.key), results.get(task_id(task))
        if task.hook and result is not None and result.hook_phase is OperationPhase.RUNNING:
            results[task_id(task)] = replace(result, hook_phase=OperationPhase.FAILED, message="terminated")
            if live is not None:
                apply.delete_hook(cluster, live)
    state = operation_record.noted(running.state, results)
    return Outcome(state, running.rows, OperationPhase.FAILED, "operation terminated")
