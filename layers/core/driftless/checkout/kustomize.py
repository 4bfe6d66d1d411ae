"""What a kustomization reads: every string in it that names something in the repository, and on from there.

In: a closure, the application's folder, the kustomize blocks of its source. Out: the closure, grown.
Fields are not told apart: a label that happens to be a file's name adds that file, and no field is forgotten.
Raises SourceError for what lies outside of the repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from driftless.checkout.closure import Closure
from driftless.checkout.places import joined
from driftless.vocabulary.errors import NotBuiltYet, SourceError

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_ENTRIES = ("resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators")
_REMOTE = re.compile(r"[a-z+]+://|git@|[\w.-]+\.[a-z]{2,}(?::|/[\w.-]+/)[\w./-]+(?:\?|//|\.git|$)", re.IGNORECASE)
_NO_PATH = re.compile(r"[\s\0{}<>\"|*]|://")
_MAX_TEXT = 400


def collect(closure: Closure, folder: str, blocks: Sequence[Any]) -> None:
    """`blocks` are `source.kustomize` and its overrides: their components and patches are seen from `folder`."""
    waiting = [
        folder,
        *(place for block in blocks for text in _texts(block) for place in _refer(closure, folder, text)),
    ]
    seen: set[str] = set()
    while waiting:
        place = waiting.pop()
        if place not in seen:
            seen.add(place)
            waiting += _kustomization(closure, place)


def _kustomization(closure: Closure, folder: str) -> list[str]:
    """Take a kustomization's folder and what it refers to; the folders among that with kustomizations of their own."""
    closure.own_files(folder)
    further: list[str] = []
    for name in NAMES:
        path = f"{folder}/{name}" if folder else name
        found = closure.place(path) if closure.trees.entry(path) else None
        if found is None or not found.is_file:
            continue
        for document in closure.documents(found.path):
            _refuse_remote(closure, folder, path, document)
            further += [place for text in _texts(document) for place in _refer(closure, folder, text)]
    return further


def _texts(value: Any) -> Iterator[str]:
    """Every string that could be a path; `key=path` of a generator's files gives its path too."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
    elif isinstance(value, str) and len(value) <= _MAX_TEXT and not _NO_PATH.search(value):
        yield value
        if "=" in value:
            yield value.partition("=")[2]


def _refer(closure: Closure, folder: str, text: str) -> Iterator[str]:
    """Take what `text` names into the closure. Yields the folder, when it is one with a kustomization of its own."""
    path = joined(folder, text) if text and not text.startswith("/") else None
    if path is None:
        return
    if "/" not in text and closure.trees.entry(path) is None:
        return  # beside the kustomization, where a new file shows anyway
    found = closure.place(path)
    if found is None:
        return
    if not found.is_tree:
        closure.everything(found.path)
    elif any(closure.trees.entry(f"{found.path}/{n}" if found.path else n) for n in NAMES):
        yield found.path
    elif folder == found.path or folder.startswith(f"{found.path}/") or not found.path:
        closure.own_files(found.path)
    else:
        closure.everything(found.path)


def _refuse_remote(closure: Closure, folder: str, where: str, document: Any) -> None:
    for field in _ENTRIES:
        entries = document.get(field) if isinstance(document, dict) else None
        for entry in entries if isinstance(entries, list) else ():
            if not isinstance(entry, str) or "\n" in entry:
                continue
            path = joined(folder, entry)
            if path is None or entry.startswith("/"):
                raise SourceError(
                    "checkout", f"{where}: {field} entry {entry} leads out of the repository", hint="use a path in it"
                )
            if _REMOTE.match(entry) and closure.trees.entry(path) is None:
                raise NotBuiltYet(
                    f"{where}: {field} entry {entry} is outside of the repository, which is not built yet",
                    hint="commit a copy of it to the repository",
                )
