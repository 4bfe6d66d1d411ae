"""An application goes: with `cascade` what it deployed goes first, the last wave first, each wave waited for.

In: a visit to it, its cluster (None: not registered any more). Out: the state to go on with, or None when the
application is gone. Only live objects with our tracking id are deleted (argo-behaviour, section 9).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from driftless import apply, compare
from driftless.flows.syncing import children, operation_record
from driftless.flows.syncing.comparison import key_from
from driftless.flows.syncing.operation import QUICK_LOOKS
from driftless.flows.syncing.visit import Visit
from driftless.outlets.cluster import Cluster
from driftless.record import applications, history
from driftless.record.state import State
from driftless.vocabulary.model import HookType, ResultCode, Task, Verb
from driftless.vocabulary.objects import (
    HELM_RESOURCE_POLICY,
    HOOK_FINALIZER,
    Manifest,
    ObjectKey,
    group_version,
    key_of,
    sync_options,
)
from driftless.vocabulary.objects import annotations as annotations_of

_CRD = "CustomResourceDefinition"


def step(visit: Visit, cluster: Cluster | None) -> State | None:
    """Raises Unavailable when the cluster does not answer: nothing is abandoned that may still be there."""
    visit.lease.save(visit.lease.state)  # a worker that was taken over must not delete
    if cluster is not None:
        _let_hooks_go(visit, cluster)
        if (visit.lease.state.deleting or {}).get("cascade"):
            left = _delete_waves(visit, cluster)
            if left is not None:
                return left
    history.forget(visit.world.table, visit.app.name)
    visit.world.table.write(*applications.forget(visit.stored))
    return None


def _let_hooks_go(visit: Visit, cluster: Cluster) -> None:
    """An operation under way ends with its application: its hooks must not keep the finalizer that nobody takes off."""
    if visit.lease.state.operation is None:
        return
    for obj in _live(visit, cluster, hooks_only=True):
        apply.release_hook(cluster, obj)


def _delete_waves(visit: Visit, cluster: Cluster) -> State | None:
    """Wave by wave, the highest first, as long as each goes quickly. None when nothing is left at all."""
    looks, asked = iter(QUICK_LOOKS), set[str]()
    while left := _left(visit, cluster):
        wave = _highest_wave(left)
        new = [obj for obj in wave if obj["metadata"]["uid"] not in asked]
        problems = _delete(visit, new, cluster)
        if new:
            asked |= {obj["metadata"]["uid"] for obj in new}
            looks = iter(QUICK_LOOKS)
        pause = next(looks, None)
        if problems or pause is None:
            return _told(visit.lease.state, left, wave, problems)
        visit.sleep(pause)
    return None


def _highest_wave(left: list[Manifest]) -> list[Manifest]:
    _, wave = next(groupby(sorted(left, key=compare.wave_of, reverse=True), key=compare.wave_of))
    return list(wave)


def _told(state: State, left: list[Manifest], wave: list[Manifest], problems: str) -> State:
    names = ", ".join(sorted(f"{o['kind']} {o['metadata']['name']}" for o in wave)[:5])
    message = problems or f"waiting for {len(left)} object(s) to be deleted: {names}"
    shown = state.status | {
        "health": {"status": "Progressing", "message": message},
        "conditions": [{"type": "DeletionError", "message": problems}] if problems else [],
    }
    return replace(state, status=shown)


def _left(visit: Visit, cluster: Cluster) -> list[Manifest]:
    return [obj for obj in _live(visit, cluster) if _goes(obj, visit)]


def _live(visit: Visit, cluster: Cluster, *, hooks_only: bool = False) -> list[Manifest]:
    state = visit.lease.state
    refs: dict[ObjectKey, str] = {}
    if not hooks_only:
        refs = {key_from(text): row.version for text, row in state.inventory.items()}
    if state.operation is not None:
        hooks = [r for r in operation_record.results(state).values() if r.hook_type]
        refs |= {result.key: result.version for result in hooks}
    live = cluster.read((key, version) for key, version in refs.items() if not children.is_ours(key))
    live |= children.read([key for key in refs if children.is_ours(key)], visit.world)
    return [obj for obj in live.values() if obj is not None]


def _goes(obj: Manifest, visit: Visit) -> bool:
    options = sync_options(obj) or tuple(visit.app.sync_options)
    kept = "Delete=false" in options or annotations_of(obj).get(HELM_RESOURCE_POLICY) == "keep"
    return not kept and obj.get("kind") != _CRD and compare.owned(obj, visit.app.name)


def _delete(visit: Visit, wave: Iterable[Manifest], cluster: Cluster) -> str:
    """The first refusal's message, "" when all were accepted. What is on its way out is not deleted again."""
    going = [obj for obj in wave if not obj["metadata"].get("deletionTimestamp")]
    for obj in going:
        if HOOK_FINALIZER in (obj["metadata"].get("finalizers") or ()):
            apply.release_hook(cluster, obj)
    tasks = [_task(obj) for obj in going]
    for task in tasks:
        if children.is_ours(task.key):
            children.perform(task, visit.app.name, visit.world, dry_run=False)
    propagation = (visit.lease.state.deleting or {}).get("propagation", "")
    options = apply.Options(prune=True, cascade=True, propagation=propagation)
    outcomes = apply.perform(cluster, [t for t in tasks if not children.is_ours(t.key)], options)
    return next((o.result.message for o in outcomes if o.result.status is ResultCode.SYNC_FAILED), "")


def _task(obj: Manifest) -> Task:
    return Task(Verb.PRUNE, HookType.SYNC, 0, key_of(obj), group_version(obj)[1], live=obj)
