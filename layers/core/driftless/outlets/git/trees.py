"""The content of one commit: what lies at a path, what a folder holds, what a file says.

In: paths from the repository's root, "" for the root itself. Out: entries, object ids, bytes. Names are text; a byte
that is not UTF-8 survives as a surrogate. Contents that are not here yet are brought, a folder's files at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from driftless.outlets.git.errors import RepositoryUnavailable
from driftless.vocabulary.errors import SourceError
from driftless.vocabulary.git import TREE, Commit, Entry

if TYPE_CHECKING:
    from dulwich.object_store import DiskObjectStore
    from dulwich.objects import Commit as CommitObject

Bring = Callable[[Sequence[str]], None]
"""Fetch these objects (ids) into the store."""
MAX_DEPTH = 100


class Trees:
    """`commit.id` is the commit that was asked for, or that the asked tag object stands for."""

    def __init__(
        self, store: DiskObjectStore, commit_id: str, bring: Bring, damaged: Callable[[], RepositoryUnavailable]
    ) -> None:
        self._store = store
        self._bring = bring
        self._damaged = damaged
        self._object = _peeled(store, commit_id)
        self._root = self._object.tree.decode()
        self._folders: dict[str, tuple[Entry, ...]] = {}

    @cached_property
    def commit(self) -> Commit:
        found = self._object
        message = found.message.decode("utf-8", "replace").strip()
        when = datetime.fromtimestamp(max(0, min(found.commit_time, 253402300799)), UTC)
        return Commit(
            id=found.id.decode(),
            author=found.author.decode("utf-8", "replace")[:200],
            subject=message.partition("\n")[0][:200],
            date=when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        )

    def entry(self, path: str) -> Entry | None:
        """What lies at `path`, None for nothing. Links are not followed."""
        here = Entry("", TREE, self._root)
        for name in path.split("/") if path else ():
            if not here.is_tree:
                return None
            wanted = f"{here.path}/{name}" if here.path else name
            found = next((e for e in self._rows(here) if e.path == wanted), None)
            if found is None:
                return None
            here = found
        return here

    def object_id(self, path: str) -> str:
        """The Git object id at `path`, "" for nothing."""
        found = self.entry(path)
        return found.id if found else ""

    def list(self, path: str) -> tuple[Entry, ...]:
        """A folder's direct entries, in Git's order; empty for a path that is no folder."""
        found = self.entry(path)
        return self._rows(found) if found and found.is_tree else ()

    def walk(self, path: str) -> Iterator[Entry]:
        """Everything below `path` but the folders themselves; the entry itself for a path that is no folder."""
        found = self.entry(path)
        if found is not None:
            yield from self._below(found)

    def read(self, path: str) -> bytes:
        """A file's content, or where a link points to. Raises SourceError when there is none."""
        found = self.entry(path)
        if found is None or found.is_tree or found.is_submodule:
            raise SourceError("checkout", f"there is no file {path} at {self.commit.id[:7]}")
        if not self._has(found.id):
            siblings = self.list(path.rpartition("/")[0])
            self.fill(e for e in siblings if e.is_file or e.is_link)
        return self.content(found.id)

    def fill(self, entries: Iterable[Entry]) -> None:
        """Bring the contents that are not here yet, in one request."""
        missing = sorted({e.id for e in entries if not e.is_tree and not e.is_submodule and not self._has(e.id)})
        if missing:
            self._bring(missing)

    def content(self, blob: str) -> bytes:
        """The bytes of a blob that `fill` has brought."""
        try:
            return self._store.get_raw(blob.encode())[1]  # type: ignore[arg-type]  # dulwich's NewType of bytes
        except Exception as error:
            # zlib, mmap, dulwich: a damaged pack raises anything; the copy is only a cache
            raise self._damaged() from error

    def _has(self, blob: str) -> bool:
        return blob.encode() in self._store  # type: ignore[operator]

    def _below(self, entry: Entry) -> Iterator[Entry]:
        if not entry.is_tree:
            yield entry
            return
        for row in self._rows(entry):
            yield from self._below(row)

    def _rows(self, folder: Entry) -> tuple[Entry, ...]:
        rows = self._folders.get(folder.path)
        if rows is None:
            from dulwich.objects import parse_tree

            start = f"{folder.path}/" if folder.path else ""
            if folder.path.count("/") > MAX_DEPTH:
                raise SourceError("checkout", f"folders are nested deeper than {MAX_DEPTH} levels: {folder.path[:60]}…")
            raw = self.content(folder.id)
            rows = tuple(
                Entry(start + _text(name, folder.path), mode or 0, sha.decode())
                for name, mode, sha in parse_tree(raw, 20)
            )
            self._folders[folder.path] = rows
        return rows


def _text(name: bytes, folder: str) -> str:
    """Names that Git itself never writes, and that would lead out of the folder they are unpacked into."""
    if name in (b"", b".", b"..") or b"/" in name or name.lower() == b".git":
        raise SourceError(
            "checkout", f"the folder {folder or '/'} holds an entry named {name!r}, which is not a file name"
        )
    return name.decode("utf-8", "surrogateescape")


def _peeled(store: DiskObjectStore, object_id: str) -> CommitObject:
    from dulwich.objects import Commit as CommitObject
    from dulwich.objects import Tag

    found = store[object_id.encode()]  # type: ignore[index]
    while isinstance(found, Tag):
        found = store[found.object[1]]
    if not isinstance(found, CommitObject):
        raise SourceError("revision", f"{object_id[:7]} is not a commit but a {found.type_name.decode()}")
    return found
