"""`.argocd-source.yaml` and `.argocd-source-<app>.yaml`: changes to a source that lie beside what it renders.

In: the application's folder, its name, its source. Out: the source with both files merged onto it, in this order.
Raises SourceError naming the file and the field. Argo CD's rule: where the source comes from cannot be overridden.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from driftless.render.places import inside
from driftless.vocabulary.argo import API_VERSION, IN_CLUSTER, Source, application
from driftless.vocabulary.errors import NotBuiltYet, Refused, SourceError
from driftless.vocabulary.merge_patch import merged
from driftless.vocabulary.yaml_documents import documents

_FIXED = ("chart", "path", "repoURL", "targetRevision")


def overridden(folder: Path, app_name: str, source: Source) -> Source:
    """`source` itself when there is nothing to merge. A chart repository's source is never overridden."""
    if source.chart:
        return source
    raw: dict[str, Any] = source.raw
    for name in (".argocd-source.yaml", f".argocd-source-{app_name}.yaml"):
        file = inside(folder, folder, name, "override file")
        if not file.is_file():
            continue
        found = documents(file.read_bytes(), name)
        if not found:
            continue
        if len(found) > 1 or not isinstance(found[0], dict):
            raise SourceError("render", f"{name} must hold one map: fields of the application's source")
        raw = merged(raw, {key: value for key, value in found[0].items() if key not in _FIXED})
        _accepted(raw, name)
    return source if raw is source.raw else Source.of(raw)


def _accepted(raw: dict[str, Any], name: str) -> None:
    """Hold the merged source to the rules of any Application's source."""
    spec = {"source": raw, "destination": {"server": IN_CLUSTER}}
    try:
        application({"apiVersion": API_VERSION, "kind": "Application", "metadata": {"name": "x"}, "spec": spec})
    except NotBuiltYet:
        raise
    except Refused as refusal:
        raise SourceError("render", f"{name}: {refusal.message}", hint=refusal.hint) from None
