"""Applications as users write them, for the tests of what is kept."""

from __future__ import annotations

from typing import Any

from driftless.record import applications
from driftless.record.applications import Stored
from driftless.vocabulary.argo import Application, application
from tests.unit.record.mocked import Mocked

REPOSITORY = "git.example/a"
CREATED = "2026-11-21T10:00:00Z"


def manifest(name: str = "payments", annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    source = {"repoURL": "https://git.example/a.git", "path": "k8s"} | spec.pop("source", {})
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "annotations": annotations or {}},
        "spec": {"source": source, "destination": {"server": "https://kubernetes.default.svc"}} | spec,
    }


def app(name: str = "payments", annotations: dict[str, str] | None = None, **spec: Any) -> Application:
    return application(manifest(name, annotations, **spec))


def created(here: Mocked, name: str = "payments", parent: str = "", **spec: Any) -> Stored:
    writes, stored = applications.create(app(name, **spec), REPOSITORY, CREATED, parent)
    here.table.write(*writes)
    return stored
