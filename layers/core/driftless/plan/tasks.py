"""Compared rows become tasks in the order of a sync: phase, wave, kind, name (argo-behaviour 5.1)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from driftless.plan.hooks import hook_types
from driftless.plan.ranks import rank
from driftless.vocabulary.model import Compared, HookType, Task, Verb
from driftless.vocabulary.objects import Manifest, ObjectKey, sync_options

PHASES = (HookType.PRE_SYNC, HookType.SYNC, HookType.POST_SYNC, HookType.SYNC_FAIL)


@dataclass(frozen=True, slots=True)
class Scope:
    """What an operation is about. `resources`: only these (selective sync, heal; hooks are then off), None = all."""

    prune: Collection[ObjectKey] = ()
    resources: tuple[dict[str, Any], ...] | None = None
    hooks: bool = True
    options: frozenset[str] = frozenset()
    run: str = ""
    """Suffix for `generateName` hooks: stays the same when a step is repeated."""


def tasks(rows: Sequence[Compared], scope: Scope) -> tuple[Task, ...]:
    """Every task of the operation, done or not: the next step is found by looking at results and live objects."""
    todo = [task for row in rows for task in _tasks_of(row, scope)]
    todo = _prunes_placed(todo, scope.options)
    return tuple(sorted(_needed_first(todo), key=_order))


def _order(task: Task) -> tuple[int, int, bool, int, str, str]:
    prunes_first = task.verb is not Verb.PRUNE
    return (PHASES.index(task.phase), task.wave, prunes_first, rank(task.key.kind), task.key.name, task.key.namespace)


def _tasks_of(row: Compared, scope: Scope) -> list[Task]:
    if row.target is None:
        wanted = row.key in scope.prune and _selected(row.key, scope)
        return [_task(row, Verb.PRUNE, HookType.SYNC)] if wanted else []
    types = hook_types(row.target)
    if types is None:
        return [_task(row, Verb.APPLY, HookType.SYNC)] if _selected(row.key, scope) else []
    if not scope.hooks or scope.resources is not None:
        return []
    return [_named(replace(_task(row, Verb.APPLY, t), hook=t), scope.run) for t in types if t in PHASES]


def _task(row: Compared, verb: Verb, phase: HookType) -> Task:
    return Task(verb, phase, row.wave, row.key, row.version, row.target, row.live)


def _selected(key: ObjectKey, scope: Scope) -> bool:
    if scope.resources is None:
        return True
    return any(_fits(r, key) for r in scope.resources)


def _fits(wanted: dict[str, Any], key: ObjectKey) -> bool:
    """Group, kind and name exact; an empty namespace means any (argo-behaviour 5.8)."""
    same = (wanted.get("group") or "", wanted.get("kind"), wanted.get("name")) == (key.group, key.kind, key.name)
    return same and wanted.get("namespace") in (None, "", key.namespace)


def _named(task: Task, run: str) -> Task:
    """A `generateName` hook gets its name here: `<generateName><run>-<phase>`."""
    meta = (task.target or {}).get("metadata") or {}
    if task.target is None or meta.get("name") or not meta.get("generateName"):
        return task
    name = f"{meta['generateName']}{run}-{str(task.phase).lower()}"
    kept = {k: v for k, v in meta.items() if k != "generateName"}
    return replace(task, key=replace(task.key, name=name), target={**task.target, "metadata": {**kept, "name": name}})


def _prunes_placed(todo: list[Task], options: frozenset[str]) -> list[Task]:
    """Prunes go in the reverse order of their waves; with PruneLast after everything of the Sync phase."""
    waves = sorted({t.wave for t in todo if t.verb is Verb.PRUNE})
    mirrored = dict(zip(waves, reversed(waves), strict=True))
    last = max((t.wave for t in todo if t.phase is HookType.SYNC), default=0) + 1
    placed = []
    for task in todo:
        if task.verb is Verb.PRUNE:
            late = "PruneLast=true" in options or "PruneLast=true" in sync_options(task.live or {})
            task = replace(task, wave=last if late else mirrored[task.wave])
        placed.append(task)
    return placed


def _needed_first(todo: list[Task]) -> list[Task]:
    """A Namespace or CRD moves to the phase and wave of the first object that needs it ("dependency bubble")."""
    first: dict[tuple[str, str], Task] = {}
    for task in sorted((t for t in todo if t.target is not None), key=_order, reverse=True):
        for need in _needs(task.target or {}):
            first[need] = task
    return [_moved(task, first) for task in todo]


def _moved(task: Task, first: dict[tuple[str, str], Task]) -> Task:
    if task.verb is not Verb.APPLY or task.hook is not None or task.target is None:
        return task
    needing = first.get(_provides(task.target))
    if needing is None or (PHASES.index(needing.phase), needing.wave) >= (PHASES.index(task.phase), task.wave):
        return task
    return replace(task, phase=needing.phase, wave=needing.wave)


def _needs(obj: Manifest) -> tuple[tuple[str, str], tuple[str, str]]:
    """The two things that must be there first, in the words of `_provides`: its namespace and its kind."""
    group = str(obj.get("apiVersion", "")).rpartition("/")[0]
    namespace = (obj.get("metadata") or {}).get("namespace") or ""
    return ("Namespace", str(namespace)), (group, str(obj.get("kind", "")))


def _provides(obj: Manifest) -> tuple[str, str]:
    if obj.get("kind") == "Namespace":
        return "Namespace", str(obj["metadata"].get("name", ""))
    if obj.get("kind") != "CustomResourceDefinition":
        return "", ""
    spec = obj.get("spec") or {}
    return str(spec.get("group", "")), str((spec.get("names") or {}).get("kind", ""))
