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
