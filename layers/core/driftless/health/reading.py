"""How a status is read: counts that may be absent, conditions by type, a controller that has not looked yet.

In: one live object. Out: small facts about it, for the judges of this room.
"""

from __future__ import annotations

from typing import Any

from driftless.vocabulary.model import Health, HealthStatus
from driftless.vocabulary.objects import Manifest


def healthy(message: str = "") -> Health:
    return Health(HealthStatus.HEALTHY, message)


def progressing(message: str) -> Health:
    return Health(HealthStatus.PROGRESSING, message)


def degraded(message: str) -> Health:
    return Health(HealthStatus.DEGRADED, message)


def suspended(message: str) -> Health:
    return Health(HealthStatus.SUSPENDED, message)


def unknown(message: str) -> Health:
    return Health(HealthStatus.UNKNOWN, message)


def spec(obj: Manifest) -> dict[str, Any]:
    return obj.get("spec") or {}


def status(obj: Manifest) -> dict[str, Any]:
    return obj.get("status") or {}


def count(part: dict[str, Any], name: str) -> int:
    """An absent count is 0, as Kubernetes leaves zeros out."""
    return int(part.get(name) or 0)


def wanted_replicas(obj: Manifest) -> int:
    """`spec.replicas`; the API server's default when it is absent is 1."""
    replicas = spec(obj).get("replicas")
    return 1 if replicas is None else int(replicas)


def condition(obj: Manifest, kind: str) -> dict[str, Any] | None:
    """The status condition of this type, or None."""
    return next((c for c in status(obj).get("conditions") or () if c.get("type") == kind), None)


def is_true(found: dict[str, Any] | None) -> bool:
    return found is not None and found.get("status") == "True"


def not_yet_seen(obj: Manifest) -> bool:
    """Whether the status still speaks of an older spec: the controller has not observed this generation."""
    return count(obj.get("metadata") or {}, "generation") > count(status(obj), "observedGeneration")


def with_reason(sentence: str, found: dict[str, Any]) -> str:
    """A condition's own words behind ours."""
    return ": ".join(part for part in (sentence, found.get("reason"), found.get("message")) if part)
