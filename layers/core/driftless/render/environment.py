"""Argo CD's build environment: `$ARGOCD_APP_NAME` and its like, as parameters and paths may hold them.

In: a text and the source and context of a render. Out: the text with its variables replaced, as Go's os.Expand does it:
an unknown variable is empty, `$$` is a dollar.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from driftless.render.shape import Job

_VARIABLE = re.compile(r"\$(?:\{([^}]*)\}|([*#$@!?\-0-9])|([A-Za-z_][A-Za-z_0-9]*))")


def build_environment(job: Job) -> dict[str, str]:
    source, context = job.source, job.context
    return {
        "ARGOCD_APP_NAME": context.app_name,
        "ARGOCD_APP_NAMESPACE": context.namespace,
        "ARGOCD_APP_PROJECT_NAME": context.project,
        "ARGOCD_APP_REVISION": context.revision,
        "ARGOCD_APP_REVISION_SHORT": context.revision[:7],
        "ARGOCD_APP_REVISION_SHORT_8": context.revision[:8],
        "ARGOCD_APP_SOURCE_PATH": source.path,
        "ARGOCD_APP_SOURCE_REPO_URL": source.repo_url,
        "ARGOCD_APP_SOURCE_TARGET_REVISION": source.target_revision,
    }


def substituted(text: str, environment: Mapping[str, str]) -> str:
    if "$" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        name = next(group for group in match.groups() if group is not None)
        return "$" if name == "$" else environment.get(name, "")

    return _VARIABLE.sub(value, text)
