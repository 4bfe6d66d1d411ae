"""What one render may read of a commit, found without rendering: the folder, and what it refers to outside of it.

In: a commit's `Trees`, an application's source as written. Out: a `Footprint`. It may hold more than the render
reads, never less: a file too many costs a needless look, a file too few would hide a change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from driftless.checkout import helm, kustomize
from driftless.checkout.closure import Closure
from driftless.checkout.places import joined, nearest
from driftless.outlets.git import Trees
from driftless.vocabulary.errors import NotBuiltYet, SourceError
from driftless.vocabulary.git import Entry
from driftless.vocabulary.yaml_documents import documents

MAX_INPUTS = 400
"""Beyond it the whole repository is the input: the list is kept in a table's item."""
OVERRIDES = ".argocd-source"


@dataclass(frozen=True, slots=True)
class Footprint:
    """`inputs`: (path, Git object id) pairs, "" for what must not exist; `folder/*` stands for a folder's own files.

    `files`: the entries of the artifact, sorted by path, links as links.
    """

    inputs: tuple[tuple[str, str], ...]
    files: tuple[Entry, ...]


def footprint(trees: Trees, source: dict[str, Any]) -> Footprint:
    """The closed input of one render. Raises SourceError (stage checkout) naming the path that is at fault."""
    if source.get("chart"):
        raise NotBuiltYet(
            f"chart {source['chart']}: charts from Helm and OCI repositories are not built yet",
            hint="commit the chart to Git and use source.path",
        )
    closure = Closure(trees)
    folder = _app_folder(trees, source, closure)
    own = [entry for entry in trees.list(folder) if not entry.is_tree]
    names = {entry.path.rpartition("/")[2] for entry in own}
    closure.own_files(folder)
    overrides = _overrides(trees, own)
    blocks = [source, *overrides]
    kinds = _kinds(blocks, names)
    if overrides or "helm" in kinds or (kinds == {"directory"} and _recurses(source)):
        closure.everything(folder)
    if "kustomize" in kinds:
        kustomize.collect(closure, folder, [block.get("kustomize") for block in blocks])
    if "helm" in kinds:
        helm.collect(closure, folder, [block.get("helm") for block in blocks])
    paths, files = closure.finish()
    if len(paths) > MAX_INPUTS:
        paths = [""]
    return Footprint(tuple((path, _id(trees, path)) for path in paths), files)


def unchanged(trees: Trees, inputs: Sequence[tuple[str, str]]) -> bool:
    """Whether every recorded input is at this commit what it was: no file is read, no folder walked."""
    return bool(inputs) and all(_id(trees, path) == known for path, known in inputs)


def _id(trees: Trees, path: str) -> str:
    if path != "*" and not path.endswith("/*"):
        return trees.object_id(path)
    rows = [f"{e.mode:o} {e.id} {e.path}" for e in trees.list(path[:-1].rstrip("/")) if not e.is_tree]
    return hashlib.sha1("\0".join(rows).encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def _app_folder(trees: Trees, source: dict[str, Any], closure: Closure) -> str:
    path = source.get("path") or "."
    where = joined("", path)
    if path.startswith("/") or where is None or "\0" in path:
        raise SourceError(
            "checkout", f"path {path} leads out of the repository", hint="give the path from the repository's root"
        )
    found = closure.place(where)
    if found is None or not found.is_tree:
        problem = "does not exist" if found is None else "is not a folder"
        raise SourceError(
            "checkout",
            f"path {path} {problem} in {source['repoURL'].rpartition('@')[2]} at {trees.commit.id[:7]}",
            hint=f"nearest: {nearest(trees, where)}",
        )
    return found.path


def _kinds(blocks: Sequence[dict[str, Any]], names: set[str]) -> set[str]:
    """Which renderers may come to read the folder: those that a block names, else what its files say."""
    explicit = {kind for kind in ("helm", "kustomize", "directory") for block in blocks if block.get(kind)}
    if explicit:
        return explicit
    if names & set(kustomize.NAMES):
        return {"kustomize"}
    return {"helm"} if any(name.endswith("Chart.yaml") for name in names) else {"directory"}


def _recurses(source: dict[str, Any]) -> bool:
    return bool((source.get("directory") or {}).get("recurse"))


def _overrides(trees: Trees, own: Sequence[Entry]) -> list[dict[str, Any]]:
    """What `.argocd-source*.yaml` may add to the source; one that cannot be read is the render's to refuse."""
    found: list[dict[str, Any]] = []
    for entry in own:
        if entry.path.rpartition("/")[2].startswith(OVERRIDES) and entry.is_file:
            try:
                read = documents(trees.read(entry.path), entry.path)
            except SourceError:
                read = [{}]
            found += [document for document in read if isinstance(document, dict)]
    return found
