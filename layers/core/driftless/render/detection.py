"""Which renderer a folder asks for, by Argo CD's order: a chart, an explicit block, then the files in the folder.

In: the application's folder and its source, overrides merged. Out: a `Kind`.
"""

from __future__ import annotations

from pathlib import Path

from driftless.render.shape import Kind
from driftless.vocabulary.argo import Source

KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


def detect(folder: Path, source: Source) -> Kind:
    """The renderer of `folder`. Where a chart and a kustomization lie side by side, the kustomization wins."""
    explicit = {Kind.HELM: source.helm, Kind.KUSTOMIZE: source.kustomize, Kind.DIRECTORY: source.directory}
    if source.chart:
        return Kind.HELM
    for kind, block in explicit.items():
        if block:
            return kind
    names = [entry.name for entry in folder.iterdir() if entry.is_file()]
    if any(name in KUSTOMIZATION_NAMES for name in names):
        return Kind.KUSTOMIZE
    # Argo CD asks how the name ends: a folder with MyChart.yaml is a chart to it as well
    return Kind.HELM if any(name.endswith("Chart.yaml") for name in names) else Kind.DIRECTORY
