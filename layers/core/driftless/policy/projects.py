"""Which project an application may name: `default` allows everything, and AppProject is not built yet.

An application of another project is accepted and shown as invalid, as Argo CD does while the project does not exist:
to go on without its limits would deploy what somebody meant to forbid.
"""

from __future__ import annotations

from driftless.vocabulary.errors import NotFound

DEFAULT = "default"


def refuse_unknown(project: str) -> None:
    """Raises NotFound for every project but `default`."""
    if project != DEFAULT:
        raise NotFound(f"project {project} does not exist", hint="AppProject is not built yet: use the project default")
