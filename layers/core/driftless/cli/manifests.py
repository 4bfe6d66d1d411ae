"""Manifests from files, folders and stdin, as dicts; used by `apply`, `delete` and `app create -f`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from driftless.cli.exits import Stop

ENDINGS = (".yaml", ".yml", ".json")
LARGEST = 4 * 1024 * 1024


def read(names: list[str], *, recursive: bool = False) -> list[tuple[str, dict[str, Any]]]:
    """(where, manifest) pairs in order; a `List` is unrolled. Raises Stop naming file and document."""
    found = []
    for name in names:
        for path in _files(name, recursive):
            found += _documents(path)
    if not found:
        raise Stop(f"there is no manifest in {', '.join('stdin' if name == '-' else name for name in names)}")
    return found


def _files(name: str, recursive: bool) -> list[str]:
    folder = Path(name)
    if name == "-" or not folder.is_dir():
        return [name]
    entries = sorted(folder.rglob("*") if recursive else folder.iterdir())
    return [str(entry) for entry in entries if entry.suffix in ENDINGS and entry.is_file()]


def _documents(name: str) -> list[tuple[str, dict[str, Any]]]:
    import yaml

    text = _text(name)
    where = "stdin" if name == "-" else name
    try:
        documents = list(yaml.safe_load_all(text))
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise Stop(f"{where} is not YAML{place}: {getattr(error, 'problem', None) or 'nested too deeply'}") from None
    found = []
    for number, document in enumerate(documents, 1):
        if document is None:
            continue
        if not isinstance(document, dict) or not document.get("kind"):
            raise Stop(f"{where}, document {number}: this is no manifest, it has no kind")
        rows = document.get("items") if document["kind"] == "List" else [document]
        found += [(f"{where}, document {number}", row) for row in rows or () if isinstance(row, dict)]
    return found


def _text(name: str) -> str:
    try:
        data = sys.stdin.buffer.read(LARGEST + 1) if name == "-" else _bytes(Path(name))
        text = data.decode()
    except OSError as error:
        raise Stop(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Stop(f"{name} is not text") from None
    if len(data) > LARGEST:
        raise Stop(f"{name} is larger than {LARGEST // 1024 // 1024} MiB")
    return text


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST + 1)
