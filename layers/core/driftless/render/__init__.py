"""An artifact becomes Kubernetes objects: `helm template`, `kustomize build`, or the files as they are.

In: the artifact's root on disk, the application's source, what is known of the destination, the tools.
Out: `Rendered`. Raises SourceError or NotBuiltYet with a sentence that names the file, or the tool, and the document.
What is rendered counts as hostile: no link leads out of the artifact, and the tools end at their limits.
The facts are argo-behaviour's section 2.
"""

from __future__ import annotations

import os
from pathlib import Path

from driftless.outlets.tools import Tools
from driftless.render import directory, helm, kustomize
from driftless.render.detection import detect
from driftless.render.overrides import overridden
from driftless.render.places import app_folder, refuse_links_that_leave
from driftless.render.shape import Context, Job, Kind, Rendered, Renderer
from driftless.vocabulary.argo import Source
from driftless.vocabulary.errors import NotBuiltYet

__all__ = ["Context", "Kind", "Rendered", "detect", "overridden", "render"]

REGISTER: dict[Kind, Renderer] = {
    Kind.HELM: helm.render,
    Kind.KUSTOMIZE: kustomize.render,
    Kind.DIRECTORY: directory.render,
}


def render(checkout: Path, source: Source, context: Context, tools: Tools) -> Rendered:
    """Render one application. Override files in its folder are merged onto `source` first; nothing here is written to.

    `checkout` stands for the repository's root and may hold only the files that this render reads.
    """
    if source.chart:
        raise NotBuiltYet(
            f"chart {source.chart}: charts from Helm and OCI repositories are not built yet",
            hint="commit the chart to Git and use source.path",
        )
    checkout = Path(os.path.realpath(checkout))
    folder = app_folder(checkout, source.path)
    refuse_links_that_leave(checkout)
    source = overridden(folder, context.app_name, source)
    kind = detect(folder, source)
    objects = REGISTER[kind](Job(checkout, folder, source, context, tools))
    return Rendered(str(kind), tuple(objects))
