"""Hook objects: held by a finalizer while they matter, made anew for each operation, let go when they are done.

In: a hook's task or its live object. Out: an Outcome, or nothing. The finalizer keeps a Job that its own TTL deletes
from looking as if it had never been; whoever finishes with a hook has to call `release_hook` or `delete_hook`.
"""

from dataclasses import replace
from typing import Any

from driftless.apply.gone import gone
from driftless.apply.options import Options
from driftless.apply.outcome import Outcome, failed, waiting
from driftless.apply.patching import JsonPatch, patch_as_read
from driftless.outlets.cluster import Cluster
from driftless.vocabulary.errors import ClusterRefused
from driftless.vocabulary.model import Task
from driftless.vocabulary.objects import (
    HELM_HOOK_DELETE_POLICY,
    HOOK_DELETE_POLICY,
    HOOK_FINALIZER,
    Manifest,
    annotations,
    key_of,
    listed,
)

OPERATION = "driftless.dev/operation"
"""Ours: which attempt, and which phase of it, made this hook: a step that is done twice does not run it twice."""
_BEFORE_CREATION = "BeforeHookCreation"
_POLICIES = {_BEFORE_CREATION, "HookSucceeded", "HookFailed"}
_HELM_POLICIES = {
    "before-hook-creation": _BEFORE_CREATION,
    "hook-succeeded": "HookSucceeded",
    "hook-failed": "HookFailed",
}


def delete_policies(obj: Manifest) -> frozenset[str]:
    """When a hook goes, as Argo CD spells it; BeforeHookCreation if nothing valid is said (argo-behaviour 5.3)."""
    said = annotations(obj)
    policies = {word for word in listed(said.get(HOOK_DELETE_POLICY)) if word in _POLICIES}
    policies |= {_HELM_POLICIES[w] for w in listed(said.get(HELM_HOOK_DELETE_POLICY)) if w in _HELM_POLICIES}
    return frozenset(policies or {_BEFORE_CREATION})


def own(task: Task, options: Options) -> bool:
    """Whether this step has made the hook already: it is neither deleted nor applied again."""
    return bool(task.live and options.operation and annotations(task.live).get(OPERATION) == _mark(task, options))


def _mark(task: Task, options: Options) -> str:
    return f"{options.operation}/{task.phase}"


def clear_the_way(cluster: Cluster, task: Task, options: Options) -> Task | Outcome:
    """Delete the last run's object where the policy says so. An Outcome while it is still going, else what to do."""
    assert task.target is not None
    if not task.hook or task.live is None or own(task, options):
        return task
    if _BEFORE_CREATION not in delete_policies(task.target):
        return task
    try:
        delete_hook(cluster, task.live, propagation=options.propagation_policy())
        still = gone(cluster, task.live)
    except ClusterRefused as error:
        return failed(task, str(error), task.live)
    if still:
        return waiting(task, f"waiting for the {task.key.kind} of the last run to be deleted", still)
    return replace(task, live=None)


def as_hook(task: Task, options: Options) -> Manifest:
    """The object as it is created: with the finalizer, and the mark of its step."""
    assert task.target is not None
    target = task.target
    meta: dict[str, Any] = dict(target["metadata"])
    meta["finalizers"] = [*dict.fromkeys([*(meta.get("finalizers") or ()), HOOK_FINALIZER])]
    if options.operation:
        meta["annotations"] = {**annotations(target), OPERATION: _mark(task, options)}
    return {**target, "metadata": meta}


def release_hook(cluster: Cluster, live: Manifest) -> None:
    """Take our finalizer off; a hook that is gone, or has none, is fine. Raises ClusterRefused, Unavailable."""
    patch_as_read(cluster, live, _without_finalizer)


def _without_finalizer(live: Manifest) -> JsonPatch | None:
    finalizers = live["metadata"].get("finalizers") or []
    if HOOK_FINALIZER not in finalizers:
        return None
    path = f"/metadata/finalizers/{finalizers.index(HOOK_FINALIZER)}"
    return [{"op": "test", "path": path, "value": HOOK_FINALIZER}, {"op": "remove", "path": path}]


def delete_hook(cluster: Cluster, live: Manifest, *, propagation: str = "Foreground") -> None:
    """Let the hook go and delete it (once: one that is going already is only let go)."""
    release_hook(cluster, live)
    if live["metadata"].get("deletionTimestamp"):
        return
    cluster.delete(key_of(live), cluster.kind_of(live), uid=live["metadata"]["uid"], propagation=propagation)
