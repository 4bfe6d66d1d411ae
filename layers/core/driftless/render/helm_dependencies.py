"""A chart's `file://` dependencies, put into its charts/ folder as `helm dependency build` would.

In: a Job and an empty scratch folder. Out: the chart's folder: the artifact's own, or its copy with dependencies.
Only charts inside the repository: what comes from a chart repository must be committed; Helm says what is missing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from driftless.render.copies import copy_tree
from driftless.render.places import inside
from driftless.render.shape import Job
from driftless.vocabulary.errors import SourceError
from driftless.vocabulary.yaml_documents import documents

MAX_LEVELS = 10
MAX_COPIED = 20_000
_DECLARED_IN = ("Chart.yaml", "requirements.yaml")


def chart_with_dependencies(job: Job, scratch: Path) -> Path:
    """Raises SourceError for a dependency that leaves the repository, is not there, or leads in a circle."""
    if not _missing(job.checkout, job.folder):
        return job.folder
    root = scratch / "repository"
    copy_tree(job.checkout, root)
    chart = root / job.folder.relative_to(job.checkout)
    _vendor(root, chart, 0)
    return chart


def _vendor(root: Path, chart: Path, level: int) -> int:
    """Complete `chart` in place; its dependencies first, because their own addresses count from where they lie.

    Gives the number of files copied: charts that name each other often multiply with every level.
    """
    copied = 0
    if level > MAX_LEVELS:
        place = chart.relative_to(root)
        raise SourceError("render", f"{place}: its file:// dependencies are more than {MAX_LEVELS} levels deep")
    for name, origin in _missing(root, chart).items():
        copied += _vendor(root, origin, level + 1)
        copied += copy_tree(origin, chart / "charts" / name, absolute_links=True)
        if copied > MAX_COPIED:
            place = chart.relative_to(root)
            raise SourceError("render", f"{place}: its file:// dependencies are more than {MAX_COPIED} files together")
    return copied


def _missing(root: Path, chart: Path) -> dict[str, Path]:
    """name -> folder of every `file://` dependency that is not in charts/ yet."""
    found: dict[str, Path] = {}
    for row in _declared(root, chart):
        name, repository = row.get("name"), row.get("repository")
        if not isinstance(name, str) or not isinstance(repository, str) or not repository.startswith("file://"):
            continue
        where = f"dependency {name} of {chart.relative_to(root).as_posix()}"
        vendored = inside(root, chart, f"charts/{name}", where)
        if vendored.is_dir() or _archived(chart, name):
            continue
        # a leading / counts from the chart as well: file:///x would mean this machine's
        origin = inside(root, chart, repository.removeprefix("file://").lstrip("/") or ".", where)
        if not (origin / "Chart.yaml").is_file():
            raise SourceError("render", f"{where}: {repository} is not a chart in the repository")
        if origin == chart or origin in chart.parents:
            raise SourceError("render", f"{where}: {repository} is the chart itself, or holds it")
        found[name] = origin
    return found


def _archived(chart: Path, name: str) -> bool:
    """Whether charts/ holds the dependency as Helm packs it: name-1.2.3.tgz."""
    return any(
        file.name.startswith(f"{name}-") and file.name[len(name) + 1 : len(name) + 2].isdigit()
        for file in (chart / "charts").glob("*.tgz")
    )


def _declared(root: Path, chart: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name in _DECLARED_IN:
        file = chart / name
        if file.is_file():
            for document in documents(file.read_bytes(), file.relative_to(root).as_posix()):
                declared = document.get("dependencies") if isinstance(document, dict) else None
                rows += [row for row in declared if isinstance(row, dict)] if isinstance(declared, list) else []
    return rows
