"""The words of this room, and the one shape that every renderer has.

In: a `Job` (an artifact on disk, the source that says what to do with it, what is known of the destination).
Out: a list of Kubernetes objects. Adding a renderer is one module with a `render(job)`, and one row in the register.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from driftless.outlets.tools import Tools
from driftless.vocabulary.argo import Source
from driftless.vocabulary.model import Capabilities
from driftless.vocabulary.objects import Manifest


class Kind(StrEnum):
    """How a folder becomes objects, spelled as Argo CD's `status.sourceType`."""

    HELM = "Helm"
    KUSTOMIZE = "Kustomize"
    DIRECTORY = "Directory"


@dataclass(frozen=True, slots=True)
class Context:
    """What a render may know beside its files. `app_name` is the instance name: `<ns>_<name>` outside our namespace."""

    app_name: str
    namespace: str
    """The destination's namespace; may be empty."""
    project: str = "default"
    revision: str = ""
    """The resolved commit."""
    capabilities: Capabilities = field(default_factory=Capabilities)


@dataclass(frozen=True, slots=True)
class Job:
    """One render: `folder` is the application's path inside `checkout`, the root of the artifact."""

    checkout: Path
    folder: Path
    source: Source
    context: Context
    tools: Tools

    @property
    def path(self) -> str:
        """The application's path as messages name it."""
        return self.folder.relative_to(self.checkout).as_posix()


@dataclass(frozen=True, slots=True)
class Rendered:
    """The objects in the order they were found; each has apiVersion, kind and a name. Duplicates are still there."""

    source_type: str
    objects: tuple[Manifest, ...] = field(repr=False)


class Renderer(Protocol):
    """Raises SourceError for content that cannot become objects, NotBuiltYet for what Argo CD can do and we cannot."""

    def __call__(self, job: Job) -> list[Manifest]: ...
