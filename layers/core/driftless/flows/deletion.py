"""An application goes: with `cascade` what it deployed goes first, the last wave first, each wave waited for.

In: the application under lease, its cluster (None: not registered any more). Out: the state to go on with, or None
when the application is gone. Only live objects with our tracking id are deleted (argo-behaviour, section 9).
"""

from dataclasses import replace
from itertools import groupby
from typing import Any

from driftless import apply, compare
from driftless.flows import children
from driftless.flows.comparison import key_from
from driftless.flows.lease import Lease
from driftless.flows.wiring import World
from driftless.outlets.cluster import Cluster
from driftless.record import applications, history
from driftless.record.applications import Stored
from driftless.record.state import State
from driftless.vocabulary.model import HookType, ResultCode, Task, Verb
from driftless.vocabulary.objects import (
    HELM_RESOURCE_POLICY,
    Manifest,
    annotations,
    group_version,
    key_of,
    sync_options,
)

_CRD = "CustomResourceDefinition"


def step(stored: Stored, lease: Lease, cluster: Cluster | None, world: World) -> State | None:
    asked = lease.state.deleting or {}
    if asked.get("cascade") and cluster is not None:
        left = _delete_next_wave(stored, lease, cluster, world)
        if left is not None:
            return left
    history.forget(world.table, stored.application.name)
    world.table.write(*applications.forget(stored))
    return None


def _delete_next_wave(stored: Stored, lease: Lease, cluster: Cluster, world: World) -> State | None:
    """Delete what is left of the highest wave. None when nothing is left at all."""
    left = _left(stored, lease.state, cluster, world)
    if not left:
        return None
    waves = sorted(left, key=compare.wave_of, reverse=True)
    _, first = next(iter(groupby(waves, key=compare.wave_of)))
    wave = list(first)
    problems = _delete(stored, wave, cluster, world, lease.state.deleting or {})
    names = ", ".join(sorted(f"{o['kind']} {o['metadata']['name']}" for o in wave)[:5])
    message = problems or f"waiting for {len(left)} object(s) to be deleted: {names}"
    status = lease.state.status | {
        "health": {"status": "Progressing", "message": message},
        "conditions": [{"type": "DeletionError", "message": problems}] if problems else [],
    }
    if not problems and not _left(stored, lease.state, cluster, world):
        return None
    return replace(lease.state, status=status)


def _left(stored: Stored, state: State, cluster: Cluster, world: World) -> list[Manifest]:
    refs = {key_from(text): row.version for text, row in state.inventory.items()}
    live = cluster.read((key, version) for key, version in refs.items() if not children.is_ours(key))
    live |= children.read([key for key in refs if children.is_ours(key)], world)
    return [obj for obj in live.values() if obj is not None and _goes(obj, stored)]


def _goes(obj: Manifest, stored: Stored) -> bool:
    options = sync_options(obj) or tuple(stored.application.sync_options)
    kept = "Delete=false" in options or annotations(obj).get(HELM_RESOURCE_POLICY) == "keep"
    return not kept and obj.get("kind") != _CRD and compare.owned(obj, stored.application.name)


def _delete(stored: Stored, wave: list[Manifest], cluster: Cluster, world: World, asked: dict[str, Any]) -> str:
    """The first refusal's message, "" when all were accepted."""
    tasks = [_task(obj) for obj in wave]
    for task in tasks:
        if children.is_ours(task.key):
            children.perform(task, stored.application.name, world, dry_run=False)
    options = apply.Options(prune=True, cascade=True, propagation=asked.get("propagation", ""))
    outcomes = apply.perform(cluster, [t for t in tasks if not children.is_ours(t.key)], options)
    return next((o.result.message for o in outcomes if o.result.status is ResultCode.SYNC_FAILED), "")


def _task(obj: Manifest) -> Task:
    return Task(Verb.PRUNE, HookType.SYNC, 0, key_of(obj), group_version(obj)[1], live=obj)
