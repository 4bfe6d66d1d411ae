"""A chart's `file://` dependencies, put into its charts/ folder as `helm dependency build` would.

In: a Job and an empty scratch folder. Out: the chart's folder: the artifact's own, or a copy with its dependencies.
Only charts inside the repository: what comes from a chart repository must be committed; Helm says what is missing.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from driftless.render.places import inside
from driftless.render.shape import Job
from driftless.vocabulary.errors import SourceError
from driftless.vocabulary.yaml_documents import documents

MAX_LEVELS = 10
_DECLARED_IN = ("Chart.yaml", "requirements.yaml")


def chart_with_dependencies(job: Job, scratch: Path) -> Path:
    """Raises SourceError for a dependency that leaves the repository, is not there, or leads in a circle."""
    if not _missing(job, job.folder):
        return job.folder
    copy = scratch / "chart"
    _vendor(job, job.folder, copy, 0)
    return copy


def _vendor(job: Job, chart: Path, to: Path, level: int) -> None:
    if level > MAX_LEVELS:
        raise SourceError("render", f"{job.path}: its file:// dependencies are more than {MAX_LEVELS} levels deep")
    shutil.copytree(chart, to, dirs_exist_ok=True)
    for name, origin in _missing(job, chart).items():
        _vendor(job, origin, to / "charts" / name, level + 1)


def _missing(job: Job, chart: Path) -> dict[str, Path]:
    """name -> folder of every `file://` dependency that is not in charts/ yet."""
    found: dict[str, Path] = {}
    for row in _declared(job, chart):
        name, repository = row.get("name"), row.get("repository")
        if not isinstance(name, str) or not isinstance(repository, str) or not repository.startswith("file://"):
            continue
        where = f"dependency {name} of {chart.relative_to(job.checkout).as_posix()}"
        inside(job.checkout, chart / "charts", name, where)
        if (chart / "charts" / name).is_dir() or any((chart / "charts").glob(f"{name}-[0-9]*.tgz")):
            continue
        # a file:// address has no root of its own here: file:///x would mean this machine's
        origin = inside(job.checkout, chart, repository.removeprefix("file://").lstrip("/") or ".", where)
        if not (origin / "Chart.yaml").is_file():
            raise SourceError("render", f"{where}: {repository} is not a chart in the repository")
        found[name] = origin
    return found


def _declared(job: Job, chart: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name in _DECLARED_IN:
        file = chart / name
        if file.is_file():
            for document in documents(file.read_bytes(), file.relative_to(job.checkout).as_posix()):
                declared = document.get("dependencies") if isinstance(document, dict) else None
                rows += [row for row in declared if isinstance(row, dict)] if isinstance(declared, list) else []
    return rows
