"""App of Apps: Application objects of a bundle are applications of ours, whatever the cluster; no CRD is needed.

They stand beside the cluster's objects in a comparison and a sync: read, compared, registered, and asked to go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from driftless.flows import register
from driftless.flows.wiring import World
from driftless.record import applications
from driftless.record import state as states
from driftless.record.applications import Stored
from driftless.vocabulary import argo
from driftless.vocabulary.errors import NotFound, Refused
from driftless.vocabulary.model import Compared, OperationPhase, ResourceResult, ResultCode, Task, Verb
from driftless.vocabulary.objects import Manifest, ObjectKey

GROUP = "argoproj.io"
KIND = "Application"
_UNBUILT = ("ApplicationSet", "AppProject")
_FEW = 4
_SOON = "1970-01-01T00:00:00Z"
"""Nobody reads when, only whether."""


def is_ours(key: ObjectKey) -> bool:
    return key.group == GROUP and (key.kind == KIND or key.kind in _UNBUILT)


def read(keys: Iterable[ObjectKey], world: World) -> dict[ObjectKey, Manifest | None]:
    """The applications of these keys as live objects; two reads each, or two queries for many."""
    wanted = list(keys)
    if len(wanted) <= _FEW:
        return {key: _live(key, world) for key in wanted}
    stored = {s.application.name: s for s in applications.read_all(world.table)}
    going = {state.name for state in states.read_all(world.table, world.store()) if state.deleting}
    return {key: as_live(key, stored.get(key.name), key.name in going) for key in wanted}


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
        if not dry_run and not (task.live or {}).get("metadata", {}).get("deletionTimestamp"):
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
        going = states.read(world.table, world.store(), key.name).deleting is not None
    except NotFound:
        return None
    return as_live(key, stored, going)


def as_live(key: ObjectKey, stored: Stored | None, going: bool) -> Manifest | None:
    """A stored application in the shape of a live object; `going`: its deletion was asked for."""
    if key.kind != KIND or stored is None:
        return None
    manifest = stored.application.manifest
    meta = manifest["metadata"] | {"namespace": key.namespace, "uid": stored.uid}
    meta |= {"resourceVersion": str(stored.generation)} | ({"deletionTimestamp": _SOON} if going else {})
    return {**manifest, "metadata": meta}


def _manifest(live: Manifest) -> dict[str, Any]:
    return argo.application(live).manifest
