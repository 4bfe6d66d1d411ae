"""Deployment: healthy when every replica runs the newest template and is available (argo-behaviour, section 7)."""

from __future__ import annotations

from driftless.health.reading import (
    condition,
    count,
    degraded,
    healthy,
    not_yet_seen,
    progressing,
    spec,
    status,
    suspended,
)
from driftless.vocabulary.model import Health
from driftless.vocabulary.objects import Manifest

KIND = ("apps", "Deployment")
VERSIONS = frozenset({"v1"})


def judge(obj: Manifest) -> Health:
    if spec(obj).get("paused"):
        return suspended("The Deployment is paused")
    if not_yet_seen(obj):
        return progressing("Waiting for the rollout: the new spec has not been observed yet")
    rollout = condition(obj, "Progressing")
    if rollout and rollout.get("reason") == "ProgressDeadlineExceeded":
        seconds = spec(obj).get("progressDeadlineSeconds") or 600
        return degraded(f"The rollout made no progress within its deadline of {seconds} s")
    return _replicas(obj)


def _replicas(obj: Manifest) -> Health:
    replicas, now = spec(obj).get("replicas"), status(obj)
    updated, available = count(now, "updatedReplicas"), count(now, "availableReplicas")
    if replicas is not None and updated < int(replicas):
        return progressing(f"Waiting for the rollout: {updated} of {replicas} new replicas have been created")
    if count(now, "replicas") > updated:
        old = count(now, "replicas") - updated
        return progressing(f"Waiting for the rollout: {old} old replicas are still to be terminated")
    if available < updated:
        return progressing(f"Waiting for the rollout: {available} of {updated} updated replicas are available")
    return healthy()
