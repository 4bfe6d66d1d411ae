"""`source.helm.valueFiles`: which files, in which order, before Helm hears of them.

In: a Job and its Helm settings. Out: the files. Raises SourceError naming the entry.
Argo CD's rules: relative to the application, a leading / is the repository's root, globs expand in place, a file
counts once, and where it is named outright that is its place.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from driftless.render.environment import substituted
from driftless.render.places import inside
from driftless.render.shape import Job
from driftless.vocabulary.errors import NotBuiltYet, SourceError

_FIELD = "source.helm.valueFiles"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def value_files(job: Job, settings: dict[str, Any], environment: Mapping[str, str]) -> list[Path]:
    """The files in Helm's order: a later one wins."""
    lenient = bool(settings.get("ignoreMissingValueFiles"))
    entries = [_entry(raw, environment) for raw in settings.get("valueFiles") or () if raw]
    named = {e: inside(job.checkout, job.folder, e, _FIELD) for e in entries if not _is_glob(e, job)}
    chosen: dict[Path, None] = {}
    for entry in entries:
        if entry in named:
            found = [named[entry]] if named[entry].is_file() else []
        else:
            explicit = set(named.values())
            found = [file for file in _expanded(entry, job) if file not in explicit]
            if not found and any(file in explicit for file in _expanded(entry, job)):
                continue
        if not found and not lenient:
            problem = "does not exist in the repository" if entry in named else "matches no file"
            raise SourceError("render", f"{_FIELD}: {entry} {problem}", hint="or set ignoreMissingValueFiles: true")
        chosen.update(dict.fromkeys(found))
    return list(chosen)


def _entry(raw: str, environment: Mapping[str, str]) -> str:
    """One entry with its variables replaced; what lies outside of the repository is not built yet."""
    if _SCHEME.match(raw):
        raise NotBuiltYet(f"{_FIELD}: remote value files are not built yet ({raw.split('://')[0]}://…)")
    first, slash, _ = raw.partition("/")
    if slash and first.startswith("$") and first.strip("${}") not in environment:
        raise NotBuiltYet(
            f"{_FIELD}: {raw} means a second source ({first}), and multiple sources are not built yet",
            hint="keep the value file in the chart's repository",
        )
    entry = substituted(raw, environment)
    if _SCHEME.match(entry):
        raise NotBuiltYet(f"{_FIELD}: remote value files are not built yet ({entry.split('://')[0]}://…)")
    return entry


def _is_glob(entry: str, job: Job) -> bool:
    """A file that is really called `[a].yaml` is no pattern."""
    return glob.has_magic(entry) and not inside(job.checkout, job.folder, entry, _FIELD).is_file()


def _expanded(entry: str, job: Job) -> Iterator[Path]:
    """The files that a pattern means: a folder's own files first, then its folders, both in lexical order."""
    pattern = inside(job.checkout, job.folder, entry, _FIELD).relative_to(job.checkout).as_posix()
    # ** stands for folders only where it is a whole part; a/** means all files below a
    parts = [part if part == "**" else part.replace("**", "*") for part in pattern.split("/")]
    found = set(job.checkout.glob("/".join([*parts, "*"] if parts[-1] == "**" else parts)))
    for file in sorted(found, key=lambda f: _files_before_folders(f.relative_to(job.checkout))):
        if file.is_file():
            yield inside(job.checkout, job.checkout, file.relative_to(job.checkout).as_posix(), _FIELD)


def _files_before_folders(path: Path) -> list[tuple[int, str]]:
    *folders, name = path.parts
    return [*((1, folder) for folder in folders), (0, name)]
