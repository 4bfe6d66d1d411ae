"""Workflow (Argo Workflows): by its phase (section 7)."""

from __future__ import annotations

from driftless.health.reading import degraded, healthy, progressing, status, unknown
from driftless.vocabulary.model import Health
from driftless.vocabulary.objects import Manifest

KIND = ("argoproj.io", "Workflow")
VERSIONS = frozenset({"v1alpha1"})


def judge(obj: Manifest) -> Health:
    phase, message = status(obj).get("phase") or "", str(status(obj).get("message") or "")
    if phase in ("", "Pending", "Running"):
        return progressing(message or "The Workflow is not complete")
    if phase == "Succeeded":
        return healthy(message)
    if phase in ("Failed", "Error"):
        return degraded(message or f"The Workflow ended in phase {phase}")
    return unknown(f"The Workflow's phase is {phase}")
