"""One object onto the cluster: server-side apply, or replace, or delete and recreate, as its options say.

In: an apply task. Out: an Outcome; a no of the API server is a failed one. Raises Unavailable when the cluster is away.
"""

from __future__ import annotations

from driftless.apply.gone import gone
from driftless.apply.hooks import as_hook, own
from driftless.apply.options import Options
from driftless.apply.outcome import Outcome, applied, failed, waiting
from driftless.apply.ownership import handover
from driftless.apply.patching import patch_as_read
from driftless.apply.undeclared import apply_as_told
from driftless.outlets.cluster import Cluster, UnknownKind
from driftless.vocabulary.errors import ClusterRefused
from driftless.vocabulary.model import Task
from driftless.vocabulary.objects import Manifest

_TRIES = 4
_NEVER_RECREATED = {("apiextensions.k8s.io", "CustomResourceDefinition"), ("", "Namespace")}
"""Deleting one of these deletes everything in it."""


def put(cluster: Cluster, task: Task, options: Options) -> Outcome:
    """Apply one task's target. Task.live None = not there when it was last looked at."""
    assert task.target is not None
    if task.hook and task.live and own(task, options):
        return applied(task, "unchanged", task.live)
    target = as_hook(task, options) if task.hook else task.target
    try:
        if options.replaces(task.target, task.live):
            return _replace(cluster, task, target, options)
        return _apply(cluster, task, target, options)
    except UnknownKind as error:
        skips = options.dry_run and options.says("SkipDryRunOnMissingResource=true", task.target)
        return applied(task, "skipped", task.target, dry_run=True) if skips else failed(task, str(error))
    except ClusterRefused as error:
        return failed(task, str(error), task.live)


def _apply(cluster: Cluster, task: Task, target: Manifest, options: Options) -> Outcome:
    validate = options.validation(target)
    migrates = "ClientSideApplyMigration=false" not in options.options
    if task.live is not None and migrates and not options.dry_run:
        hand_over(cluster, task.live)
    try:
        answer = apply_as_told(cluster, target, validate, dry_run=options.dry_run)
    except ClusterRefused as error:
        if error.status in (409, 422) and _may_recreate(task, options):
            return _recreate(cluster, task, target, options)
        raise
    if answer["metadata"].get("deletionTimestamp") and not options.dry_run:
        # what was applied goes with the object; the one that is wanted can only be made after it
        if gone(cluster, answer):
            return applied(task, "serverside-applied, while it is being deleted", answer)
        answer = apply_as_told(cluster, target, validate)
    return applied(task, "serverside-applied", answer, dry_run=options.dry_run)


def _replace(cluster: Cluster, task: Task, target: Manifest, options: Options) -> Outcome:
    validate = options.validation(target)
    if task.live is None:
        answer = cluster.create(target, dry_run=options.dry_run, validate=validate)
        return applied(task, "created", answer, dry_run=options.dry_run)
    if _may_recreate(task, options):
        return _recreate(cluster, task, target, options)
    for attempt in range(_TRIES):
        current = task.live if attempt == 0 else cluster.get(task.key, cluster.kind_of(target)) or task.live
        meta = {**target["metadata"], "resourceVersion": current["metadata"]["resourceVersion"]}
        try:
            answer = cluster.replace({**target, "metadata": meta}, dry_run=options.dry_run, validate=validate)
            break
        except ClusterRefused as error:
            if error.status != 409 or attempt == _TRIES - 1:
                raise
    return applied(task, "replaced", answer, dry_run=options.dry_run)


def _may_recreate(task: Task, options: Options) -> bool:
    forced = task.live is not None and options.forces(task.target, task.live)
    return forced and (task.key.group, task.key.kind) not in _NEVER_RECREATED


def _recreate(cluster: Cluster, task: Task, target: Manifest, options: Options) -> Outcome:
    """Delete and create, but only what the API server would accept: a dry run says so before anything is deleted."""
    assert task.live is not None
    validate = options.validation(target)
    try:
        cluster.create(target, dry_run=True, validate=validate)
    except ClusterRefused as error:
        # a Service's own fixed port or address is taken, by itself
        if error.reason != "AlreadyExists" and "already allocated" not in error.message:
            raise
    if options.dry_run:
        return applied(task, "replaced", task.live, dry_run=True)
    if not task.live["metadata"].get("deletionTimestamp"):
        uid = task.live["metadata"]["uid"]
        cluster.delete(task.key, cluster.kind_of(target), uid=uid, propagation="Background")
    still = gone(cluster, task.live)
    if still:
        return waiting(task, f"waiting for {task.key} to be deleted before it is made anew", still)
    return applied(task, "replaced", apply_as_told(cluster, target, validate))


def hand_over(cluster: Cluster, live: Manifest) -> None:
    """Make the fields that an earlier way of applying owns ours; changes nothing else of the object."""
    patch_as_read(cluster, live, handover)
