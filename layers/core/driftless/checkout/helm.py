"""What a chart reads beside its own folder: value files, files of parameters, and `file://` dependencies.

In: a closure that holds the chart's folder, the helm blocks of the source. Out: the closure, grown.
A variable in a path (`$ARGOCD_APP_NAME`) stands for any text here: all files that it could mean are taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from driftless.checkout.closure import Closure
from driftless.checkout.places import joined
from driftless.vocabulary.errors import SourceError

DECLARATIONS = ("Chart.yaml", "requirements.yaml")
_VARIABLE = re.compile(r"\$(?:\{[^}]*\}|[A-Za-z_][A-Za-z_0-9]*)")
_OTHER_SOURCE = re.compile(r"\$(?!\{?ARGOCD_)[^/]*/")
_MAGIC = re.compile(r"[*?\[]")


def collect(closure: Closure, folder: str, blocks: Sequence[Any]) -> None:
    """`blocks` are `source.helm` and its overrides. Raises SourceError for a path that leaves the repository."""
    for block in blocks:
        if isinstance(block, dict):
            for entry in _listed(block.get("valueFiles")):
                _refer(closure, folder, entry, "valueFiles")
            for row in _listed(block.get("fileParameters")):
                _refer(closure, folder, row.get("path") if isinstance(row, dict) else None, "fileParameters")
    waiting, seen = [folder], set[str]()
    while waiting:
        chart = waiting.pop()
        if chart not in seen:
            seen.add(chart)
            waiting += _dependencies(closure, chart)


def _refer(closure: Closure, folder: str, entry: Any, field: str) -> None:
    if not isinstance(entry, str) or not entry or "://" in entry or _OTHER_SOURCE.match(entry):
        return  # an address, or another source's file: the render's to refuse
    pattern = joined(folder, _VARIABLE.sub("*", entry))
    if pattern is None:
        raise SourceError(
            "checkout", f"source.helm.{field}: {entry} leads out of the repository", hint="name a file inside of it"
        )
    if not _MAGIC.search(pattern) or closure.trees.entry(pattern) is not None:
        found = closure.place(pattern)
        if found is not None:
            closure.everything(found.path)
        return
    _expand(closure, pattern)


def _expand(closure: Closure, pattern: str) -> None:
    """All files that a glob could mean; the folder where its first wildcard is, is an input: files may come."""
    plain: list[str] = []
    for part in pattern.split("/"):
        if _MAGIC.search(part):
            break
        plain.append(part)
    start = "/".join(plain)
    rest = pattern.removeprefix(start).lstrip("/")
    if "/" not in rest and "**" not in rest:
        closure.own_files(start)
    else:
        closure.absent(start)
        for entry in closure.trees.walk(start):
            if fnmatchcase(entry.path, pattern.replace("**/", "*")):
                closure.everything(entry.path)


def _dependencies(closure: Closure, chart: str) -> list[str]:
    """Take the charts in the repository that this one depends on; their folders."""
    origins: list[str] = []
    for name in DECLARATIONS:
        path = f"{chart}/{name}" if chart else name
        found = closure.trees.entry(path)
        if found is None or not found.is_file:
            continue
        for repository in _local(closure.documents(path)):
            place = joined(chart, repository.removeprefix("file://").lstrip("/") or ".")
            if place is None:
                raise SourceError(
                    "checkout", f"{path}: the dependency {repository} leads out of the repository", hint="vendor it"
                )
            origin = closure.place(place)
            if origin is not None and origin.is_tree:
                closure.everything(origin.path)
                origins.append(origin.path)
    return origins


def _local(found: list[Any]) -> list[str]:
    rows = [row for d in found if isinstance(d, dict) for row in _listed(d.get("dependencies"))]
    addresses = [row.get("repository") for row in rows if isinstance(row, dict)]
    return [a for a in addresses if isinstance(a, str) and a.startswith("file://")]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
