"""PersistentVolumeClaim: healthy when bound to a volume (section 7)."""

from __future__ import annotations

from driftless.health.reading import degraded, healthy, progressing, status, unknown
from driftless.vocabulary.model import Health
from driftless.vocabulary.objects import Manifest

KIND = ("", "PersistentVolumeClaim")
VERSIONS = frozenset({"v1"})


def judge(obj: Manifest) -> Health:
    phase = status(obj).get("phase")
    if phase == "Bound":
        return healthy()
    if phase == "Pending":
        return progressing("Waiting for the claim to be bound to a volume")
    if phase == "Lost":
        return degraded("The volume that the claim was bound to is lost")
    return unknown(f"The claim's phase is {phase or 'not known'}")
