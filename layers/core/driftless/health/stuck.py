"""Why a workload does not come up: its pods crash, lack their image, or find no node (argo-behaviour, section 17).

In: a workload that is still Progressing, and pods of its namespace. Out: Degraded, naming pod and reason, or None.
Argo CD waits for the progress deadline, ten minutes; a person wants to know at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from driftless.health.pod import waiting_words
from driftless.health.reading import condition, count, degraded, not_yet_seen, spec, status
from driftless.vocabulary.model import Health
from driftless.vocabulary.objects import Manifest, group_version, labels

_TEMPLATE_LABELS = {
    ("apps", "Deployment"): "pod-template-hash",
    ("apps", "StatefulSet"): "controller-revision-hash",
    ("apps", "DaemonSet"): "controller-revision-hash",
    ("apps", "ReplicaSet"): "pod-template-hash",
    ("batch", "Job"): "",
}
"""Where a pod says of which template it is; a Job has only one."""
_UPDATED = {"Deployment": "updatedReplicas", "StatefulSet": "updatedReplicas", "DaemonSet": "updatedNumberScheduled"}
_HOPELESS = frozenset({"InvalidImageName", "ErrImageNeverPull"})
_RETRIED_BY_JOBS = frozenset({"CrashLoopBackOff", "RunContainerError"})


def selector(obj: Manifest) -> dict[str, Any] | None:
    """The label selector of the workload's pods, or None for what has no pods or was not yet looked at."""
    kind = (group_version(obj)[0], str(obj.get("kind")))
    if kind not in _TEMPLATE_LABELS or (kind[0] == "apps" and not_yet_seen(obj)):
        return None
    wanted: dict[str, Any] | None = spec(obj).get("selector")
    return wanted or None


def explain(workload: Manifest, pods: Sequence[Manifest]) -> Health | None:
    """The first reason found among the newest of the workload's own pods; pods of an older template do not count."""
    wanted = selector(workload)
    if wanted is None:
        return None
    namespace = (workload.get("metadata") or {}).get("namespace")
    own = [
        pod
        for pod in pods
        if (pod.get("metadata") or {}).get("namespace") == namespace
        and not (pod.get("metadata") or {}).get("deletionTimestamp")
        and _selects(wanted, labels(pod))
    ]
    for pod in _newest(workload, own):
        for words in _troubles(pod, is_job=workload.get("kind") == "Job"):
            return degraded(f"pod {pod['metadata']['name']}: {words}")
    return None


def _newest(workload: Manifest, pods: list[Manifest]) -> list[Manifest]:
    """The pods of the current template: a rollout that repairs what crashes must not be blamed for the old pods."""
    label = _TEMPLATE_LABELS[(group_version(workload)[0], str(workload.get("kind")))]
    updated = _UPDATED.get(str(workload.get("kind")))
    if not label or not pods:
        return pods
    if updated and not count(status(workload), updated):
        return []
    newest = max(pods, key=lambda pod: (pod.get("metadata") or {}).get("creationTimestamp") or "")
    current = status(workload).get("updateRevision") or labels(newest).get(label)
    return [pod for pod in pods if labels(pod).get(label) == current]


def _troubles(pod: Manifest, *, is_job: bool) -> Iterator[str]:
    placed = condition(pod, "PodScheduled") or {}
    words = str(placed.get("message") or "")
    if placed.get("status") == "False" and placed.get("reason") == "Unschedulable" and not _waits_for_volume(words):
        yield f"cannot be scheduled: {words}"
    now = status(pod)
    for container in (now.get("initContainerStatuses") or []) + (now.get("containerStatuses") or []):
        waiting = (container.get("state") or {}).get("waiting") or {}
        if is_job and waiting.get("reason") in _RETRIED_BY_JOBS:
            continue
        if waiting.get("reason") in _HOPELESS:
            yield f"container {container.get('name')} is in {waiting['reason']}: {waiting.get('message') or ''}"
        elif found := waiting_words(container):
            yield found


def _waits_for_volume(words: str) -> bool:
    """A claim that is being bound says so itself, and for a new StatefulSet that is the usual way up."""
    return "PersistentVolumeClaim" in words


def _selects(wanted: dict[str, Any], carried: dict[str, str]) -> bool:
    """Whether a LabelSelector matches these labels."""
    pairs: Iterable[tuple[str, str]] = (wanted.get("matchLabels") or {}).items()
    return all(carried.get(name) == value for name, value in pairs) and all(
        _expression(rule, carried) for rule in wanted.get("matchExpressions") or ()
    )


def _expression(rule: dict[str, Any], carried: dict[str, str]) -> bool:
    value, values = carried.get(rule.get("key", "")), rule.get("values") or ()
    return {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }.get(rule.get("operator", ""), False)
