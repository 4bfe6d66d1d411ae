"""Health: is what runs well? One module per kind, one shape: KIND, VERSIONS, judge(obj). A thinking room.

In: live objects. Out: a `Health` for each kind that has a check, and the application's, the worst of them
(argo-behaviour, section 7, with the lessons' differences of section 17).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Any

from driftless.health import (
    apiservice,
    autoscaler,
    cronjob,
    customresource,
    daemonset,
    deployment,
    ingress,
    job,
    pod,
    replicaset,
    service,
    statefulset,
    stuck,
    volumeclaim,
    workflow,
)
from driftless.vocabulary.model import Compared, Health, HealthStatus
from driftless.vocabulary.objects import HOOK_FINALIZER, IGNORE_HEALTHCHECK, Manifest, group_version
from driftless.vocabulary.objects import annotations as annotations_of

_JUDGES: tuple[ModuleType, ...] = (
    apiservice,
    autoscaler,
    cronjob,
    customresource,
    daemonset,
    deployment,
    ingress,
    job,
    pod,
    replicaset,
    service,
    statefulset,
    volumeclaim,
    workflow,
)
_BY_KIND: dict[tuple[str, str], ModuleType] = {module.KIND: module for module in _JUDGES} | {
    ("extensions", "Ingress"): ingress
}
_CAUSES_SHOWN = 3


def judge(obj: Manifest) -> Health | None:
    """The health of one live object; None for a kind without a check, Unknown for a version that the check cannot read.

    What is being deleted is Progressing, unless only the finalizer of our own hooks holds it.
    """
    metadata = obj.get("metadata") or {}
    if metadata.get("deletionTimestamp") and HOOK_FINALIZER not in (metadata.get("finalizers") or ()):
        return Health(HealthStatus.PROGRESSING, "Pending deletion")
    group, version = group_version(obj)
    module = _BY_KIND.get((group, str(obj.get("kind", ""))))
    if module is None:
        return None
    if version not in module.VERSIONS:
        known = " or ".join(sorted(module.VERSIONS))
        message = f"There is no health check for {obj.get('apiVersion')} {obj.get('kind')}, only for version {known}"
        return Health(HealthStatus.UNKNOWN, message)
    check: Callable[[Manifest], Health] = module.judge
    return check(obj)


def of_row(row: Compared) -> Health | None:
    """The health of one compared object: Missing when only Git has it; a hook that has not run has none."""
    if row.live is not None:
        return judge(row.live)
    return None if row.hook else Health(HealthStatus.MISSING)


def aggregate(rows: Iterable[tuple[Compared, Health | None]]) -> Health:
    """The application's health: the worst of its objects that have a check, with up to three causes.

    Hooks do not count, nor does a live object annotated `ignore-healthcheck: "true"`. A missing object worsens nothing
    unless no object is live: then the application is Missing. No objects at all is Healthy.
    """
    counted = [(row, health) for row, health in rows if not row.hook]
    if counted and all(row.live is None for row, _ in counted):
        return Health(HealthStatus.MISSING, "None of its objects is in the cluster")
    judged = [
        (row, health)
        for row, health in counted
        if health is not None and row.live is not None and annotations_of(row.live).get(IGNORE_HEALTHCHECK) != "true"
    ]
    worst = max((health.status for _, health in judged), key=lambda status: status.rank, default=HealthStatus.HEALTHY)
    if worst is HealthStatus.HEALTHY:
        return Health(HealthStatus.HEALTHY)
    return Health(worst, _causes([(row, health) for row, health in judged if health.status is worst]))


def wants_pods(obj: Manifest) -> dict[str, Any] | None:
    """The label selector of the pods worth reading: those of a workload that is still Progressing. Else None."""
    health = judge(obj)
    if health is None or health.status is not HealthStatus.PROGRESSING:
        return None
    return None if (obj.get("metadata") or {}).get("deletionTimestamp") else stuck.selector(obj)


def explain(workload: Manifest, pods: Sequence[Manifest]) -> Health | None:
    """Degraded, naming pod and reason, for a Progressing workload whose pods cannot come up; else None.

    `pods` may be all pods of the namespace: the workload's own are picked out by its selector.
    """
    return stuck.explain(workload, pods) if wants_pods(workload) is not None else None


def _causes(worst: list[tuple[Compared, Health]]) -> str:
    shown = [f"{row.key}: {health.message}" if health.message else str(row.key) for row, health in worst]
    more = f"; and {len(shown) - _CAUSES_SHOWN} more" if len(shown) > _CAUSES_SHOWN else ""
    return "; ".join(shown[:_CAUSES_SHOWN]) + more
