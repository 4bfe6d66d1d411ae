"""Before an operation changes anything: would the API server take every object, and is the namespace there?

In: an operation, its tasks. Out: an Outcome that ends or parks it, or None: go ahead. What is compared was asked of
the API server already, so nothing is asked twice; objects that are not there yet are judged when they are applied.
"""

from __future__ import annotations

from driftless import apply, compare
from driftless.flows.syncing import children, operation_record
from driftless.flows.syncing.running import Outcome, Running
from driftless.outlets.cluster import Cluster
from driftless.vocabulary.errors import ClusterRefused
from driftless.vocabulary.model import OperationPhase, ResourceResult, ResultCode, Task, Verb
from driftless.vocabulary.objects import ObjectKey, group_version

_CRD = "CustomResourceDefinition"
NAMESPACE_SECONDS = 2
"""How soon to come back while the old namespace of that name is still going."""


def prepare(running: Running, cluster: Cluster) -> Outcome | None:
    """Once in an attempt, before its first step; raises Unavailable."""
    if running.results:
        return None
    refused = _refused(running, cluster)
    if not refused:
        return _namespace(running, cluster)
    results = {(task.key, task.phase): _failed(task, why) for task, why in refused}
    first, why = refused[0]
    more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
    message = f"one or more objects failed to apply (dry run): {first.key}: {why}{more}"
    state = operation_record.noted(running.state, results)
    return Outcome(state, running.rows, OperationPhase.FAILED, message)


def _refused(running: Running, cluster: Cluster) -> list[tuple[Task, str]]:
    """The tasks that cannot succeed, with the API server's reason, or that of a kind that nobody serves."""
    tasks = [task for task in running.tasks if task.verb is Verb.APPLY]
    errors = {row.key: row.error for row in running.rows if row.error} | _shared(running)
    coming = {_defined(task) for task in tasks if task.key.kind == _CRD}
    options = running.apply_options
    found = []
    for task in tasks:
        if task.key in errors:
            found.append((task, errors[task.key]))
        elif _nobody_serves(task, coming, cluster) and not options.says(
            "SkipDryRunOnMissingResource=true", task.target
        ):
            found.append((task, f"the cluster has no kind {(task.target or {}).get('apiVersion')} {task.key.kind}"))
    return found


def _shared(running: Running) -> dict[ObjectKey, str]:
    """`FailOnSharedResource=true`: what another application has deployed is not taken from it."""
    if "FailOnSharedResource=true" not in running.sync_options:
        return {}
    owners = {row.key: compare.owner(row.live) for row in running.rows if row.target is not None and row.live}
    others = {key: other for key, other in owners.items() if other not in (None, running.app.name)}
    return {key: f"it is part of application {other}" for key, other in others.items()}


def _nobody_serves(task: Task, coming: set[tuple[str, str]], cluster: Cluster) -> bool:
    group, version = group_version(task.target or {})
    if children.is_ours(task.key) or (group, task.key.kind) in coming:
        return False
    return cluster.discovery().kind(group, task.key.kind, version) is None


def _defined(task: Task) -> tuple[str, str]:
    spec = (task.target or {}).get("spec") or {}
    return str(spec.get("group", "")), str((spec.get("names") or {}).get("kind", ""))


def _failed(task: Task, why: str) -> ResourceResult:
    failed = OperationPhase.FAILED
    return ResourceResult(task.key, task.version, ResultCode.SYNC_FAILED, why, task.hook, failed, task.phase)


def _namespace(running: Running, cluster: Cluster) -> Outcome | None:
    """`CreateNamespace=true`: make the destination's namespace, unless Git declares it itself."""
    name = running.app.destination.namespace
    declared = any(task.key.kind == "Namespace" and task.key.name == name for task in running.tasks)
    if "CreateNamespace=true" not in running.sync_options or not name or declared:
        return None
    managed = (running.app.spec.get("syncPolicy") or {}).get("managedNamespaceMetadata") or {}
    labels, annotations = managed.get("labels") or {}, managed.get("annotations") or {}
    try:
        made = apply.ensure_namespace(cluster, name, labels, annotations, dry_run=running.dry_run)
    except ClusterRefused as refused:
        return Outcome(running.state, running.rows, OperationPhase.FAILED, str(refused))
    if made is None or made.result.status is ResultCode.SYNCED:
        return None
    if made.result.status is None:
        state = operation_record.noted(running.state, {}, made.result.message)
        return Outcome(state, running.rows, message=made.result.message, delay=NAMESPACE_SECONDS)
    return Outcome(running.state, running.rows, OperationPhase.FAILED, made.result.message)
