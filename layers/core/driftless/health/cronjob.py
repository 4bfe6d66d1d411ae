"""CronJob: by its last run; a suspended one is Suspended (section 17: here the lesson differs from Argo CD)."""

from __future__ import annotations

from driftless.health.reading import degraded, healthy, progressing, spec, status, suspended
from driftless.vocabulary.model import Health
from driftless.vocabulary.objects import Manifest

KIND = ("batch", "CronJob")
VERSIONS = frozenset({"v1"})


def judge(obj: Manifest) -> Health:
    if spec(obj).get("suspend"):
        return suspended("The CronJob is suspended")
    if obj.get("status") is None:
        return progressing("Waiting for the CronJob: it has no status yet")
    scheduled, succeeded = status(obj).get("lastScheduleTime"), status(obj).get("lastSuccessfulTime")
    if not scheduled:
        return healthy("The CronJob has not been scheduled yet")
    if not succeeded:
        return healthy("No run has succeeded yet; this alone does not say that one failed")
    if status(obj).get("active"):
        return healthy("A run is active")
    if succeeded < scheduled:
        return degraded(f"The run scheduled at {scheduled} did not succeed; the last success was at {succeeded}")
    return healthy(f"The last run succeeded at {succeeded}")
