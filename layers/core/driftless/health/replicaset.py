"""ReplicaSet: healthy when all its replicas are available (section 7)."""

from __future__ import annotations

from driftless.health.reading import (
    condition,
    count,
    degraded,
    healthy,
    is_true,
    not_yet_seen,
    progressing,
    status,
    wanted_replicas,
    with_reason,
)
from driftless.vocabulary.model import Health
from driftless.vocabulary.objects import Manifest

KIND = ("apps", "ReplicaSet")
VERSIONS = frozenset({"v1"})


def judge(obj: Manifest) -> Health:
    if not_yet_seen(obj):
        return progressing("Waiting for the ReplicaSet: the new spec has not been observed yet")
    failure = condition(obj, "ReplicaFailure")
    if failure and is_true(failure):
        return degraded(with_reason("Pods cannot be created", failure))
    available, replicas = count(status(obj), "availableReplicas"), wanted_replicas(obj)
    if available < replicas:
        return progressing(f"Waiting for the ReplicaSet: {available} of {replicas} replicas are available")
    return healthy()
