"""App of Apps: Application objects of a bundle are applications of ours, whatever the cluster; no CRD is needed.

They stand beside the cluster's objects in a comparison and a sync: read, compared, registered, and asked to go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from driftless.flows import register
from driftless.flows.wiring import World
from driftless.record import applications
from driftless.vocabulary import argo
from driftless.vocabulary.errors import NotFound, Refused
from driftless.vocabulary.model import Compared, OperationPhase, ResourceResult, ResultCode, Task, Verb
from driftless.vocabulary.objects import Manifest, ObjectKey, key_of

GROUP = "argoproj.io"
KIND = "Application"
_UNBUILT = ("ApplicationSet", "AppProject")


def is_ours(key: ObjectKey) -> bool:
    return key.group == GROUP and (key.kind == KIND or key.kind in _UNBUILT)


def read(keys: Iterable[ObjectKey], world: World) -> dict[ObjectKey, Manifest | None]:
    return {key: _live(key, world) for key in keys}


def corrected(row: Compared) -> Compared:
    """A row about an application: modified when its manifest, as we would store it, differs from the stored one."""
    if row.target is None or not is_ours(row.key):
        return row
    if row.key.kind in _UNBUILT:
        return replace(row, error=f"{row.key.kind} {row.key.name} is not built yet: take it out of the folder")
    try:
        wanted = argo.application(row.target).manifest
    except Refused as refused:
        return replace(row, error=f"Application {row.key.name}: {refused}")
    return replace(row, modified=row.live is not None and wanted != _manifest(row.live), error="")


def perform(task: Task, parent: str, world: World, *, dry_run: bool) -> tuple[ResourceResult, Manifest | None]:
    try:
        message = _act(task, parent, world, dry_run)
    except Refused as refused:
        return _result(task, ResultCode.SYNC_FAILED, str(refused), OperationPhase.FAILED), task.live
    live = _live(task.key, world) if not dry_run else task.live
    code = ResultCode.PRUNED if task.verb is Verb.PRUNE else ResultCode.SYNCED
    return _result(task, code, message, OperationPhase.SUCCEEDED), live


def _act(task: Task, parent: str, world: World, dry_run: bool) -> str:
    if task.verb is Verb.PRUNE:
        if not dry_run:
            register.remove(task.key.name, world, parent=parent)
        return "pruned"
    assert task.target is not None
    if dry_run:
        argo.application(task.target)
        return "accepted (dry run)"
    _, outcome = register.create(task.target, world, upsert=True, parent=parent)
    return f"application {task.key.name} {outcome}"


def _result(task: Task, code: ResultCode, message: str, phase: OperationPhase) -> ResourceResult:
    return ResourceResult(task.key, task.version, code, message, hook_phase=phase, sync_phase=task.phase)


def _live(key: ObjectKey, world: World) -> Manifest | None:
    if key.kind != KIND:
        return None
    try:
        stored = applications.read(world.table, key.name)
    except NotFound:
        return None
    meta = stored.application.manifest["metadata"] | {"namespace": key.namespace, "uid": stored.uid}
    return {**stored.application.manifest, "metadata": meta}


def _manifest(live: Manifest) -> dict[str, Any]:
    return argo.application(live).manifest


def split(objects: Sequence[Manifest]) -> tuple[list[Manifest], list[Manifest]]:
    """(applications, everything else)"""
    ours = [obj for obj in objects if is_ours(key_of(obj))]
    return ours, [obj for obj in objects if not is_ours(key_of(obj))]
