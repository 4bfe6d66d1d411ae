"""APIService: healthy when the API server can reach what stands behind it (section 7)."""

from __future__ import annotations

from driftless.health.reading import condition, healthy, is_true, progressing, with_reason
from driftless.vocabulary.model import Health
from driftless.vocabulary.objects import Manifest

KIND = ("apiregistration.k8s.io", "APIService")
VERSIONS = frozenset({"v1", "v1beta1"})


def judge(obj: Manifest) -> Health:
    available = condition(obj, "Available")
    if is_true(available):
        return healthy()
    return progressing(with_reason("The API is not available yet", available or {}))
