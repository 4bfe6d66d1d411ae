"""`kustomize build`, on the artifact itself, or on a copy when the source says what to change first.

In: a Job. Out: its objects. Raises ToolFailed with kustomize's own sentence.
The changes are `kustomize edit` steps in Argo CD's order. They write, so they happen in a copy of hard links
whose kustomization file is a file of its own: two applications may share an artifact at the same time.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from driftless.outlets.tools import Command, ToolFailed
from driftless.render.copies import copy_tree
from driftless.render.detection import KUSTOMIZATION_NAMES
from driftless.render.environment import build_environment, substituted
from driftless.render.manifests import manifests
from driftless.render.places import inside
from driftless.render.shape import Job
from driftless.vocabulary.errors import NotBuiltYet, SourceError
from driftless.vocabulary.objects import Manifest
from driftless.vocabulary.yaml_documents import documents

_REMOTE = ("socket: permission denied", "no 'git' program", "proxyconnect", '"git": executable file not found')
_LITERAL = re.compile(r"literal sources? .*invalid literal source .*, expected")
"""Quotes what may be a secret: everything of secretGenerator.literals that has no `=`."""
_SAYS_NOTHING = frozenset({"kubeVersion", "apiVersions", "ignoreMissingComponents", "version"})
"""Fields that change no file: those of Helm inflation, which is off, and modifiers of others."""


def render(job: Job) -> list[Manifest]:
    settings = job.source.kustomize or {}
    if settings.get("version"):
        raise NotBuiltYet(
            f"{job.path}: source.kustomize.version {settings['version']} is not built yet",
            hint="leave it out: Driftless brings one version of kustomize",
        )
    if not any(value for key, value in settings.items() if key not in _SAYS_NOTHING):
        return _built(job, job.checkout)
    with tempfile.TemporaryDirectory(prefix="driftless-kustomize-") as scratch:
        root = Path(scratch).resolve()
        copy_tree(job.checkout, root, changed=[job.folder / name for name in KUSTOMIZATION_NAMES])
        _edit(job, root / job.folder.relative_to(job.checkout), settings)
        return _built(job, root)


def _built(job: Job, root: Path) -> list[Manifest]:
    what = f"kustomize build {job.path}"
    command = Command("kustomize", ("build", "--", job.path), root, what, roots=(job.checkout,))
    try:
        out = job.tools.run(command)
    except ToolFailed as failure:
        raise _explained(failure, job.path) from None
    return manifests(documents(out, what), lambda number: f"{what}: document {number}")


def _explained(failure: ToolFailed, path: str) -> SourceError | NotBuiltYet:
    if any(sign in failure.said for sign in _REMOTE):
        return NotBuiltYet(
            f"{path}: its kustomization refers to something outside of the repository, which is not built yet:"
            f" {failure.said}",
            hint="commit a copy of it to the repository",
        )
    if "--enable-helm" in failure.said:
        return NotBuiltYet(f"{path}: helmCharts in a kustomization are not built yet", hint="use a Helm source")
    if _LITERAL.search(failure.said):
        said = _LITERAL.sub("a literal (hidden) is not as expected:", failure.said)
        return ToolFailed(f"kustomize build {path}", said, said=said)
    return failure


def _edit(job: Job, folder: Path, settings: dict[str, Any]) -> None:
    """Argo CD's order: prefix, suffix, images, replicas, labels, annotations, namespace, patches, components."""
    for arguments in _edits_before_patches(settings, build_environment(job)):
        _run_edit(job, folder, arguments)
    if settings.get("patches"):
        _append_patches(folder, settings["patches"], job.path)
    if components := _components(job, folder, settings):
        _run_edit(job, folder, ("add", "component", "--", *components))


def _run_edit(job: Job, folder: Path, arguments: tuple[str, ...]) -> None:
    what = f"kustomize edit {' '.join(arguments[:2])} in {job.path}"
    roots = (job.checkout, Path(*folder.parts[: len(folder.parts) - len(Path(job.path).parts)]))
    job.tools.run(Command("kustomize", ("edit", *arguments), folder, what, roots=roots))


def _edits_before_patches(settings: dict[str, Any], environment: dict[str, str]) -> Iterator[tuple[str, ...]]:
    if prefix := settings.get("namePrefix"):
        yield ("set", "nameprefix", "--", prefix)
    if suffix := settings.get("nameSuffix"):
        yield ("set", "namesuffix", "--", suffix)
    if images := settings.get("images"):
        yield ("set", "image", "--", *(substituted(image, environment) for image in images))
    if replicas := settings.get("replicas"):
        yield ("set", "replicas", "--", *(f"{row['name']}={row['count']}" for row in replicas))
    if labels := settings.get("commonLabels"):
        flags = {
            "--force": settings.get("forceCommonLabels"),
            "--without-selector": settings.get("labelWithoutSelector"),
            "--include-templates": settings.get("labelIncludeTemplates"),
        }
        pairs = (f"{key}:{substituted(value or '', environment)}" for key, value in sorted(labels.items()))
        yield ("add", "label", *(flag for flag, on in flags.items() if on), "--", *pairs)
    if annotations := settings.get("commonAnnotations"):
        force = ("--force",) if settings.get("forceCommonAnnotations") else ()
        known = environment if settings.get("commonAnnotationsEnvsubst") else None
        pairs = (f"{k}:{substituted(v or '', known) if known else v or ''}" for k, v in sorted(annotations.items()))
        yield ("add", "annotation", *force, "--", *pairs)
    if namespace := settings.get("namespace"):
        yield ("set", "namespace", "--", namespace)


def _append_patches(folder: Path, patches: list[dict[str, Any]], path: str) -> None:
    file = next((folder / name for name in KUSTOMIZATION_NAMES if (folder / name).is_file()), None)
    if file is None:
        raise SourceError("render", f"{path}: source.kustomize.patches without a kustomization file to patch")
    found = documents(file.read_bytes(), f"{path}/{file.name}")
    if len(found) > 1 or not all(isinstance(part, dict) for part in found):
        raise SourceError("render", f"{path}/{file.name} must hold one map")
    kustomization = found[0] if found else {}
    # JSON is YAML that nobody can read two ways: a bare `y` would become a boolean
    file.write_text(
        json.dumps(kustomization | {"patches": [*(kustomization.get("patches") or ()), *patches]}, indent=1)
    )


def _components(job: Job, folder: Path, settings: dict[str, Any]) -> list[str]:
    """The components to add; missing ones are left out when the source says so. None may leave the repository."""
    wanted = []
    for component in settings.get("components") or ():
        place = inside(job.checkout, job.folder, component, "source.kustomize.components")
        if place.exists() or not settings.get("ignoreMissingComponents"):
            wanted.append(os.path.relpath(place, job.folder) if component.startswith("/") else component)
    return wanted
