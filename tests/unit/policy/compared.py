"""Compared rows as a comparison would give them, for the tests of this room."""

from __future__ import annotations

from typing import Any

from driftless.vocabulary.model import Compared
from driftless.vocabulary.objects import SYNC_OPTIONS, ObjectKey

KINDS = {
    "StatefulSet": "apps",
    "Deployment": "apps",
    "CustomResourceDefinition": "apiextensions.k8s.io",
}


def _row(name: str, kind: str, target: Any, live: Any, **more: Any) -> Compared:
    key = ObjectKey(KINDS.get(kind, ""), kind, "pay", name)
    return Compared(key, "v1", target, live, **({"modified": False} | more))


def synced(name: str, kind: str = "ConfigMap") -> Compared:
    return _row(name, kind, {}, {"metadata": {}})


def modified(name: str, kind: str = "ConfigMap") -> Compared:
    return _row(name, kind, {}, {"metadata": {}}, modified=True)


def missing(name: str, kind: str = "ConfigMap") -> Compared:
    return _row(name, kind, {}, None)


def extra(name: str, kind: str = "ConfigMap", options: str = "") -> Compared:
    """Live, and not in Git any more."""
    return _row(name, kind, None, {"metadata": {"annotations": {SYNC_OPTIONS: options}}})


def hook(name: str) -> Compared:
    return _row(name, "ConfigMap", {}, None, hook=True)


def refused(name: str, kind: str = "ConfigMap") -> Compared:
    """The API server would not even say what an apply would make of it."""
    return _row(name, kind, {}, {"metadata": {}}, error="field is immutable")


def going(name: str, kind: str = "ConfigMap") -> Compared:
    """Not in Git any more, deleted, and waiting for a finalizer."""
    return _row(name, kind, None, {"metadata": {"deletionTimestamp": "2026-11-21T14:00:00Z"}})
