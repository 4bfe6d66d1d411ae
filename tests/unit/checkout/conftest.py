"""Commits made of a dict of paths, in memory, with dulwich's own objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from dulwich.object_store import MemoryObjectStore
from dulwich.objects import Blob, Commit, ObjectID, Tree

from driftless.outlets.git import Trees
from driftless.vocabulary.git import EXECUTABLE, FILE, LINK, SUBMODULE, TREE

Content = str | tuple[int, str]
"""A plain file's text, or a mode and the text: `link("../x")`, `executable("#!")`, `SUBMODULE_AT`."""

SUBMODULE_AT: Content = (SUBMODULE, "a" * 40)


def link(target: str) -> Content:
    return LINK, target


def executable(text: str) -> Content:
    return EXECUTABLE, text


def commit_of(files: Mapping[str, Content]) -> Trees:
    store = MemoryObjectStore()
    commit = Commit()
    commit.tree = _tree(store, files)
    commit.author = commit.committer = b"Ada <ada@acme.example>"
    commit.author_time = commit.commit_time = 1767323045
    commit.author_timezone = commit.commit_timezone = 0
    commit.message = b"a change"
    store.add_object(commit)
    stored: Any = store
    return Trees(stored, commit.id.decode(), bring=_nothing_to_bring, damaged=_never)


def _tree(store: MemoryObjectStore, files: Mapping[str, Content]) -> ObjectID:
    tree, folders = Tree(), dict[str, dict[str, Content]]()
    for path, content in files.items():
        first, _, rest = path.partition("/")
        if rest:
            folders.setdefault(first, {})[rest] = content
            continue
        mode, text = content if isinstance(content, tuple) else (FILE, content)
        if mode == SUBMODULE:
            tree.add(first.encode(), mode, ObjectID(text.encode()))
            continue
        blob = Blob.from_string(text.encode())
        store.add_object(blob)
        tree.add(first.encode("utf-8", "surrogateescape"), mode, blob.id)
    for name, inner in folders.items():
        tree.add(name.encode(), TREE, _tree(store, inner))
    store.add_object(tree)
    return tree.id


def _nothing_to_bring(wanted: Sequence[str]) -> NoReturn:
    raise AssertionError(f"{len(wanted)} objects are missing from a commit made whole")


def _never() -> NoReturn:
    raise AssertionError("a store in memory cannot be damaged")
