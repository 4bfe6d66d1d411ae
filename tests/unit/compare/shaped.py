"""Live objects as an API server would give them, for the tests of this room."""

from __future__ import annotations

from typing import Any

MARK = "argocd.argoproj.io/tracking-id"


def fields_of(value: Any) -> dict[str, Any]:
    """The field set that applying `value` would own; lists of maps are keyed by name."""
    if isinstance(value, dict):
        return {f"f:{key}": fields_of(item) for key, item in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict) and "name" in value[0]:
        return {f'k:{{"name":"{item["name"]}"}}': {".": {}} | fields_of(item) for item in value}
    return {}


def applied(
    body: dict[str, Any], manager: str = "driftless", operation: str = "Apply", time: str = "2026-11-21T10:00:00Z"
) -> dict[str, Any]:
    """A managedFields entry of a manager that applied `body` (no kind, no name)."""
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": "apps/v1",
        "time": time,
        "fieldsV1": fields_of(body),
    }


def deployment(
    spec: dict[str, Any], *managed: dict[str, Any], metadata: dict[str, Any] | None = None
) -> dict[str, Any]:
    server = {"uid": "u", "resourceVersion": "7", "generation": 2, "creationTimestamp": "2026-11-21T09:00:00Z"}
    named = {"name": "payments", "namespace": "payments"} | (metadata or {})
    managed_fields = {"managedFields": list(managed)} if managed else {}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": named | server | managed_fields,
        "spec": spec,
        "status": {"replicas": 1},
    }
