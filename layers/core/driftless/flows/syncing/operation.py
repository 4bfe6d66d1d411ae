"""One operation, from its beginning to its end, in steps that may each be the last before a crash.

begin (written down before anything is touched) → the next step of the plan, performed or waited for → end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from driftless import apply, compare, health
from driftless.flows.syncing import children, hook_ends, operation_record
from driftless.flows.syncing.running import Outcome, Running
from driftless.flows.wiring import World
from driftless.outlets.cluster import Cluster
from driftless.plan.step import Doing, Step, next_step, task_id
from driftless.vocabulary.model import Compared, HookType, OperationPhase, ResourceResult, ResultCode, Task, Verb
from driftless.vocabulary.objects import Manifest, ObjectKey

QUICK_LOOKS = (0.05, 0.1, 0.15, 0.3, 0.4, 0.5)
"""Seconds between the looks at a wave before the operation is parked: 1.5 s in all."""
PARKED = (1, 2, 3, 5, 8, 15, *(30 for _ in range(10)), 60, 120)
"""Seconds of delay of the message that goes on with a parked operation; the last one repeats."""

_Done = list[tuple[ResourceResult, Manifest | None]]


def drive(running: Running, cluster: Cluster, world: World, sleep: Callable[[float], None]) -> Outcome:
    """Steps until the operation ends, or has to wait longer than a message costs."""
    running = hook_ends.found_again(running, cluster)
    looks, waits_for = iter(QUICK_LOOKS), ""
    while True:
        step = next_step(running.tasks, running.results, _doing(running))
        if step.ended:
            return _ended(running, step, cluster)
        if step.perform:
            performed, waits_for = _performed(running, step, cluster, world)
            if performed.results != running.results:
                running, looks = performed, iter(QUICK_LOOKS)
                continue
        pause = next(looks, None)
        if pause is None:
            return _parked(running, step.message or waits_for)
        sleep(pause)
        running = _looked(running, step.wait, cluster, world)


def _performed(running: Running, step: Step, cluster: Cluster, world: World) -> tuple[Running, str]:
    """Carry out one (phase, wave) and write down what came of it; and what the rest of it waits for, if anything."""
    done, for_cluster = _without_the_cluster(running, step, world)
    outcomes = apply.perform(cluster, for_cluster, running.apply_options)
    done += [(o.result, o.live) for o in outcomes]
    waits_for = next((result.message for result, _ in done if result.status is None), "")
    finished = [(_seen(result, live, running), live) for result, live in done if result.status is not None]
    results = running.results | {(r.key, r.sync_phase): r for r, _ in finished}
    state = operation_record.noted(running.state, results, step.message or "applying")
    running = replace(running, results=results, state=state)
    if not running.dry_run:
        live = running.live | {r.key: there for r, there in finished}
        running = replace(running, live=live, rows=_with_live(running.rows, finished, live))
    if any(task_id(t) not in results or t.hook for t in running.tasks):
        running.save(running.state)
    return running, waits_for


def _without_the_cluster(running: Running, step: Step, world: World) -> tuple[_Done, list[Task]]:
    """What is done without the API server (applications, objects in sync), and the tasks that are left for it."""
    done: _Done = []
    for_cluster = []
    for task in step.perform:
        if children.is_ours(task.key):
            done.append(children.perform(task, running.app.name, world, dry_run=running.dry_run))
        elif _in_sync(task, running):
            done.append((_unchanged(task), task.live))
        else:
            for_cluster.append(_respecting(running, replace(task, live=running.live.get(task.key, task.live))))
    return done, for_cluster


def _respecting(running: Running, task: Task) -> Task:
    """`RespectIgnoreDifferences=true`: ignored fields are applied as they are in the cluster."""
    respects = "RespectIgnoreDifferences=true" in running.sync_options
    if not respects or task.target is None or task.live is None or task.hook:
        return task
    return replace(task, target=compare.respected(task.target, task.live, running.app.ignore))


def _seen(result: ResourceResult, live: Manifest | None, running: Running) -> ResourceResult:
    """What is pruned but still going is waited for; what a dry run accepted is done."""
    if running.dry_run:
        done = result.status is ResultCode.SYNCED
        return replace(result, hook_phase=OperationPhase.SUCCEEDED) if done else result
    going = result.status is ResultCode.PRUNED and live is not None
    return replace(result, hook_phase=OperationPhase.RUNNING) if going else result


def _in_sync(task: Task, running: Running) -> bool:
    """An object that the comparison proved to be in sync needs no apply, unless it is a hook or to be replaced."""
    if task.verb is not Verb.APPLY or task.hook or task.live is None or running.apply_options.force:
        return False
    return any(row.key == task.key and not row.modified and not row.error for row in running.rows)


def _unchanged(task: Task) -> ResourceResult:
    message = f"{task.key.kind.lower()}/{task.key.name} unchanged"
    return ResourceResult(
        task.key, task.version, ResultCode.SYNCED, message, hook_phase=OperationPhase.RUNNING, sync_phase=task.phase
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
    ended = {task_id(t): hook_ends.end_of(t, running) for t in waiting if t.hook}
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


def _parked(running: Running, message: str) -> Outcome:
    looked = running.state.memory.get("parked", 0)
    state = operation_record.noted(running.state, running.results, message)
    state = replace(state, memory=state.memory | {"parked": looked + 1})
    return Outcome(state, running.rows, message=message, delay=PARKED[min(looked, len(PARKED) - 1)])


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
    hook_ends.let_go(running, cluster, step.ended)
    message = f"{step.message}; {running.pruning.waits}" if running.pruning.waits else step.message
    return Outcome(operation_record.noted(running.state, results, message), running.rows, step.ended, message)


def _not_pruned(row: Compared, why: str) -> ResourceResult:
    return ResourceResult(row.key, row.version, ResultCode.PRUNE_SKIPPED, why, hook_phase=OperationPhase.SUCCEEDED)
