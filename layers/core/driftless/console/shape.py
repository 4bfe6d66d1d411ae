"""What is recorded becomes Argo CD's Application JSON: metadata, spec, status, operation.

In: what a person wrote, what the state says, the history. Out: the document that tools written for Argo CD read
(argo-behaviour 1.3), with our own words beside: a history entry's `bundle`, an operation's `id`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from driftless.record.applications import Stored
from driftless.record.history import Entry
from driftless.record.state import State
from driftless.vocabulary.model import HealthStatus, SyncStatus
from driftless.vocabulary.objects import Manifest, digest_of


def application(stored: Stored, state: State, history: Sequence[Entry] = ()) -> Manifest:
    """`metadata.resourceVersion` changes whenever anything in the document does."""
    manifest = stored.application.manifest
    document: Manifest = {
        "apiVersion": manifest["apiVersion"],
        "kind": manifest["kind"],
        "metadata": dict(manifest["metadata"])
        | {"uid": stored.uid, "generation": stored.generation, "creationTimestamp": stored.created},
        "spec": manifest["spec"],
        "status": _status(stored, state, history),
    }
    if state.deleting:
        document["metadata"]["deletionTimestamp"] = state.deleting["at"]
    if operation := state.asked or state.operation:
        document["operation"] = operation
    document["metadata"]["resourceVersion"] = digest_of(document)[:16]
    return document


def _status(stored: Stored, state: State, history: Sequence[Entry]) -> dict[str, Any]:
    """What sync recorded, or what is true of an application that nothing has looked at yet."""
    spec = stored.application.spec
    compared_to = {key: spec[key] for key in ("source", "sources", "destination", "ignoreDifferences") if key in spec}
    status: dict[str, Any] = {
        "sync": {"status": str(SyncStatus.UNKNOWN), "comparedTo": compared_to},
        "health": {"status": str(HealthStatus.MISSING)},
    }
    status |= state.status
    if state.resources:
        status["resources"] = list(state.resources)
    if history:
        status["history"] = list(history)
    return status


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
