"""DaemonSet: healthy when its pods on all nodes are of the newest template and available (section 7)."""

from __future__ import annotations

from driftless.health.reading import count, healthy, not_yet_seen, progressing, spec, status
from driftless.vocabulary.model import Health
from driftless.vocabulary.objects import Manifest

KIND = ("apps", "DaemonSet")
VERSIONS = frozenset({"v1"})


def judge(obj: Manifest) -> Health:
    now = status(obj)
    if not_yet_seen(obj):
        return progressing("Waiting for the DaemonSet: the new spec has not been observed yet")
    if (spec(obj).get("updateStrategy") or {}).get("type") == "OnDelete":
        return healthy("New pods follow when old ones are deleted (OnDelete)")
    desired, updated = count(now, "desiredNumberScheduled"), count(now, "updatedNumberScheduled")
    if updated < desired:
        return progressing(f"Waiting for the DaemonSet: {updated} of {desired} pods are updated")
    available = count(now, "numberAvailable")
    if available < desired:
        return progressing(f"Waiting for the DaemonSet: {available} of {desired} updated pods are available")
    return healthy()
