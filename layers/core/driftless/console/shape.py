"""How the console answers: lists and events as Argo CD's API writes them.

In: rows, an Application document (flows/document makes it). Out: JSON documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from driftless.flows.document import application
from driftless.vocabulary.objects import Manifest

__all__ = ["application", "events", "items"]


def items(rows: Sequence[Any]) -> dict[str, Any]:
    """A list as Argo CD's API writes it."""
    return {"metadata": {}, "items": list(rows)}


def events(document: Manifest) -> dict[str, Any]:
    """What happened to the application, as Kubernetes events, oldest first: deployments and the last operation."""
    status, name = document["status"], document["metadata"]["name"]
    rows = [
        _event(
            name, "OperationCompleted", entry["deployedAt"], f"deployed {entry.get('revision', '')} as id {entry['id']}"
        )
        for entry in status.get("history", ())
    ]
    last = status.get("operationState") or {}
    if last.get("startedAt"):
        phase, message = last.get("phase", "Running"), last.get("message", "")
        at = last.get("finishedAt") or last["startedAt"]
        rows.append(_event(name, f"Operation{phase}", at, message, warning=phase in ("Failed", "Error")))
    return items(sorted(rows, key=lambda row: str(row["lastTimestamp"])))


def _event(name: str, reason: str, at: str, message: str, *, warning: bool = False) -> dict[str, Any]:
    return {
        "type": "Warning" if warning else "Normal",
        "reason": reason,
        "message": message,
        "lastTimestamp": at,
        "involvedObject": {"kind": "Application", "namespace": "argocd", "name": name},
    }
