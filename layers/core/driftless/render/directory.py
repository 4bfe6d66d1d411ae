"""Plain manifests: the YAML and JSON files of a folder, in lexical order.

In: a Job. Out: its objects. Raises SourceError naming file and document; NotBuiltYet for Jsonnet.
Argo CD's rules: not recursive unless asked, exclude before include, files that are no manifests at all are passed over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from driftless.render.globs import matches
from driftless.render.manifests import NotAnObject, objects_of
from driftless.render.shape import Job
from driftless.vocabulary.errors import NotBuiltYet, SourceError
from driftless.vocabulary.objects import Manifest
from driftless.vocabulary.yaml_documents import MAX_DEPTH, BadYaml, documents

EXTENSIONS = (".yaml", ".yml", ".json", ".jsonnet")
MAX_COMBINED_BYTES = 10_000_000
"""Argo CD's `reposerver.max.combined.directory.manifests.size`: 10M."""

_SKIP = b"+argocd:skip-file-rendering"
_LOOKS_LIKE_A_MANIFEST = (b"apiVersion:", b"kind:", b"metadata:")


def render(job: Job) -> list[Manifest]:
    """Objects of every file that the source's directory block selects."""
    found: list[Manifest] = []
    size = 0
    for file in _selected(job):
        where = file.relative_to(job.checkout).as_posix()
        if file.suffix == ".jsonnet":
            raise NotBuiltYet(
                f"{where}: Jsonnet is not built yet", hint="commit the rendered YAML, or exclude the file"
            )
        size += file.stat().st_size
        if size > MAX_COMBINED_BYTES:
            raise SourceError(
                "render",
                f"{job.path}: its manifests are more than {MAX_COMBINED_BYTES // 1_000_000} MB together, up to {where}",
                hint="split the application, or exclude what is no manifest",
            )
        text = file.read_bytes()
        if _SKIP not in text:
            found.extend(_json(text, where) if file.suffix == ".json" else _yaml(text, where))
    return found


def _selected(job: Job) -> list[Path]:
    block = job.source.directory or {}
    include, exclude = block.get("include") or "", block.get("exclude") or ""
    any_extension = bool(block.get("disableExtensionFilter"))
    chosen = []
    for file in _files(job.folder, recurse=bool(block.get("recurse"))):
        path = file.relative_to(job.folder).as_posix()
        if not any_extension and not path.endswith(EXTENSIONS):
            continue
        if (exclude and matches(path, exclude)) or (include and not matches(path, include)):
            continue
        chosen.append(file)
    return chosen


def _files(folder: Path, *, recurse: bool) -> Iterator[Path]:
    """Files in the order of a lexical walk; links to files are files, links to folders are not followed."""
    for entry in sorted(os.scandir(folder), key=lambda e: os.fsencode(e.name)):
        if entry.is_dir(follow_symlinks=False):
            if recurse:
                yield from _files(Path(entry.path), recurse=True)
        elif entry.is_file():
            yield Path(entry.path)


def _yaml(text: bytes, where: str) -> list[Manifest]:
    """The objects of one YAML file. A file that is neither YAML nor looks like a manifest is somebody else's."""
    meant = all(word in text for word in _LOOKS_LIKE_A_MANIFEST)
    found: list[Manifest] = []
    try:
        for number, document in enumerate(documents(text, where), 1):
            found.extend(objects_of(document, f"{where}: document {number}"))
    except BadYaml as fault:
        if meant or fault.document > 1:
            raise
        return []
    except NotAnObject:
        if meant or found:
            raise
        return []
    return found


def _json(text: bytes, where: str) -> list[Manifest]:
    try:
        value = json.loads(text, parse_int=_integer, parse_constant=_refuse_constant)
        # an escape can spell half of a character pair, which no JSON writer here would take
        if b"\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as fault:
        line = f", line {fault.lineno}" if isinstance(fault, json.JSONDecodeError) else ""
        hint = "a .json file holds one JSON object"
        raise SourceError("render", f"{where}{line}: this is not one JSON value", hint=hint) from None
    if _deeper_than(value, MAX_DEPTH):
        raise SourceError("render", f"{where}: nested deeper than {MAX_DEPTH} levels")
    return list(objects_of(value, where))


def _integer(digits: str) -> int | float:
    """Kubernetes keeps what fits 64 bits, anything longer becomes a float."""
    value = int(digits) if len(digits) <= 20 else 1 << 63
    return value if -(2**63) <= value < 2**63 else float(digits)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth + 1):
        level = [
            item
            for part in level
            if isinstance(part, dict | list)
            for item in (part.values() if isinstance(part, dict) else part)
        ]
        if not level:
            return False
    return True
