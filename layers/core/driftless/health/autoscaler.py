"""HorizontalPodAutoscaler: Degraded when it cannot read its metrics or scale its target (section 7)."""

from __future__ import annotations

import json
from typing import Any

from driftless.health.reading import degraded, healthy, is_true, progressing, status, unknown, with_reason
from driftless.vocabulary.model import Health
from driftless.vocabulary.objects import Manifest
from driftless.vocabulary.objects import annotations as annotations_of

KIND = ("autoscaling", "HorizontalPodAutoscaler")
VERSIONS = frozenset({"v1", "v2"})

V1_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
_BAD = {
    "AbleToScale": frozenset({"FailedGetScale", "FailedUpdateScale"}),
    "ScalingActive": frozenset(
        {
            "FailedComputeMetricsReplicas",
            "FailedGetExternalMetric",
            "FailedGetObjectMetric",
            "FailedGetPodsMetric",
            "FailedGetResourceMetric",
            "InvalidSelector",
        }
    ),
}


def judge(obj: Manifest) -> Health:
    try:
        conditions = _conditions(obj)
    except ValueError:
        return unknown(f"The annotation {V1_CONDITIONS} cannot be read as JSON")
    for found in conditions:
        if found.get("reason") in _BAD.get(str(found.get("type")), ()):
            return degraded(with_reason("Cannot scale", found))
    for found in conditions:
        if found.get("type") in ("AbleToScale", "ScalingLimited") and is_true(found):
            return healthy(str(found.get("message") or ""))
    return progressing("Waiting for the autoscaler to report its first decision")


def _conditions(obj: Manifest) -> list[dict[str, Any]]:
    """autoscaling/v1 has no conditions of its own: the server puts them into an annotation."""
    if obj.get("apiVersion") == "autoscaling/v1":
        found = json.loads(annotations_of(obj).get(V1_CONDITIONS) or "[]")
    else:
        found = status(obj).get("conditions")
    return [item for item in found or [] if isinstance(item, dict)]
