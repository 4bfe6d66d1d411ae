"""StatefulSet: healthy when its replicas are ready and its update strategy has run its course (section 7)."""

from __future__ import annotations

from driftless.health.reading import count, healthy, not_yet_seen, progressing, spec, status, wanted_replicas
from driftless.vocabulary.model import Health
from driftless.vocabulary.objects import Manifest

KIND = ("apps", "StatefulSet")
VERSIONS = frozenset({"v1"})


def judge(obj: Manifest) -> Health:
    now, replicas = status(obj), wanted_replicas(obj)
    if not count(now, "observedGeneration") or not_yet_seen(obj):
        return progressing("Waiting for the StatefulSet: the new spec has not been observed yet")
    ready = count(now, "readyReplicas")
    if ready < replicas:
        return progressing(f"Waiting for the StatefulSet: {ready} of {replicas} pods are ready")
    strategy = spec(obj).get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return healthy("All pods are ready; new ones follow when old ones are deleted (OnDelete)")
    if strategy.get("type") == "RollingUpdate" and strategy.get("rollingUpdate") is not None:
        return _partitioned(count(now, "updatedReplicas"), replicas, strategy["rollingUpdate"].get("partition"))
    if now.get("updateRevision") != now.get("currentRevision"):
        return progressing(f"Waiting for the rolling update to revision {now.get('updateRevision')}")
    return healthy()


def _partitioned(updated: int, replicas: int, partition: int | None) -> Health:
    if partition is not None and updated < replicas - partition:
        return progressing(f"Waiting for the rolling update: {updated} of {replicas - partition} pods are updated")
    return healthy(f"The partitioned update is complete: {updated} pods are updated" if partition else "")
