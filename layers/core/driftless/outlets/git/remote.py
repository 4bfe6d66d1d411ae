"""One repository, asked: its refs, one commit's content, the whole of an abbreviated commit id."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from driftless.outlets.git import credentials
from driftless.outlets.git.address import rewritten, without_user
from driftless.outlets.git.cache import Cache, Copy
from driftless.outlets.git.errors import RepositoryUnavailable, meaning
from driftless.outlets.git.trees import Trees
from driftless.vocabulary.errors import DriftlessError, SourceError
from driftless.vocabulary.git import Refs, Remote, shown

if TYPE_CHECKING:
    from dulwich.object_store import DiskObjectStore

    from driftless.outlets.git.connection import Client

Credentials = Callable[[str], tuple[str, str] | None]
_PEELED = b"^{}"
_MAX_TIPS = 2000
SMALL_FILES = 1000
SMALL_BYTES = 16 * 1024 * 1024
"""Up to so many files, and so much packed, a repository's copy is kept whole."""


class Git:
    """`instead_of` are mirrors (`settings.git_instead_of`); `lookup` gives a repository's credentials by its name."""

    def __init__(
        self,
        instead_of: Sequence[tuple[str, str]] = (),
        lookup: Credentials = credentials.read,
        cache: Cache | None = None,
    ) -> None:
        self._instead_of = instead_of
        self._lookup = lookup
        self._cache = cache or Cache()
        self._clients: dict[Remote, Client] = {}

    def look_up(self, remote: Remote, targets: Iterable[str] = ()) -> Refs:
        """All branches and tags, in one request; and what of `targets` names a ref elsewhere (`refs/pull/7/head`)."""
        client = self._client(remote)
        with meaning(client.get_url("")):
            found = client.get_refs(b"", ref_prefix=_prefixes(targets))
            refs = {name.decode("utf-8", "replace"): sha.decode() for name, sha in found.refs.items() if sha}
            head = found.symrefs.get(b"HEAD")  # type: ignore[call-overload]
        self._clients[remote] = client
        peeled = {name.removesuffix("^{}"): sha for name, sha in refs.items() if name.endswith("^{}")}
        return Refs(head.decode() if head else None, {n: s for n, s in refs.items() if not n.endswith("^{}")} | peeled)

    def fetch(self, remote: Remote, commit: str) -> Trees:
        """Make one commit's folders readable. Raises SourceError when the repository has no such commit."""
        from dulwich.errors import GitProtocolError
        from urllib3.exceptions import HTTPError

        client = self._clients.get(remote) or self._client(remote)
        with meaning(client.get_url("")):
            try:
                return self._trees(remote, client, commit)
            except (DriftlessError, GitProtocolError, HTTPError, TimeoutError):
                raise
            except Exception:
                # A damaged copy looks like a damaged answer: wiped, the second attempt tells them apart.
                self._cache.wipe(remote.name)
                return self._trees(remote, client, commit)

    def find(self, remote: Remote, short: str, refs: Refs) -> str:
        """The whole id of an abbreviated commit id, from the history of all branches and tags, without any content."""
        from dulwich.object_store import DiskObjectStore

        client = self._client(remote)
        folder = tempfile.mkdtemp(prefix="driftless-history-")
        tips = sorted(set(refs.refs.values()))[:_MAX_TIPS]
        try:
            with meaning(client.get_url("")):
                store = DiskObjectStore.init(folder)
                client.get_refs(b"", ref_prefix=[b"HEAD"])
                _receive(client, store, _Order(tips, leaving_out=b"tree:0"))
                found = [sha.decode() for sha in store.iter_prefix(short.encode()) if store[sha].type_name == b"commit"]
                store.close()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        if len(found) == 1:
            return found[0]
        what = "fits more than one commit" if found else "is no branch, tag or commit"
        raise SourceError("revision", f"{short} {what} of {shown(remote.url)}", hint="write more of the commit id")

    def close(self) -> None:
        self._cache.close()

    def _trees(self, remote: Remote, client: Client, commit: str) -> Trees:
        copy = self._cache.open(remote.name)
        first = not copy.commits
        missing = commit.encode() not in copy.store  # type: ignore[operator]
        if missing:
            self._bring_commit(remote, client, copy, commit)
            copy.remember(commit)
            self._cache.trim(keep=remote.name)
        trees = Trees(
            copy.store,
            commit,
            bring=lambda wanted: self._bring(remote, client, copy, wanted),
            damaged=lambda: self._damaged(remote),
        )
        if first and missing and not copy.whole:
            _complete(trees, client, copy)
        return trees

    def _bring_commit(self, remote: Remote, client: Client, copy: Copy, commit: str) -> None:
        """Without contents, unless all of the last commits' are here: a monorepo's are many, and few are read."""
        from dulwich.errors import GitProtocolError

        client.get_refs(b"", ref_prefix=[b"HEAD"])
        partial = client.filters and not copy.whole
        try:
            order = _Order([commit], copy.commits, depth=1, leaving_out=b"blob:none" if partial else None)
            _receive(client, copy.store, order)
        except GitProtocolError:
            if not client.refused_want:
                raise
        if commit.encode() not in copy.store:  # type: ignore[operator]
            raise SourceError(
                "revision",
                f"commit {commit} is not in {shown(remote.url)}",
                hint="was it pushed, or replaced by a force-push?",
            )
        copy.whole = not partial

    def _bring(self, remote: Remote, client: Client, copy: Copy, wanted: Sequence[str]) -> None:
        """File contents that a partial fetch left out."""
        with meaning(client.get_url("")):
            client.get_refs(b"", ref_prefix=[b"HEAD"])
            _receive(client, copy.store, _Order(wanted))
            missing = [w for w in wanted if w.encode() not in copy.store]  # type: ignore[operator]
        if missing:
            self._cache.wipe(remote.name)
            raise RepositoryUnavailable(f"{shown(remote.url)} did not send {len(missing)} of {len(wanted)} files")

    def _damaged(self, remote: Remote) -> RepositoryUnavailable:
        self._cache.wipe(remote.name)
        return RepositoryUnavailable(f"our copy of {shown(remote.url)} is damaged; it is fetched anew")

    def _client(self, remote: Remote) -> Client:
        from driftless.outlets.git.connection import Client

        url, written = without_user(rewritten(remote.url, self._instead_of))
        known = self._lookup(remote.name) or written
        return Client(url, *(known or (None, None)))


def _complete(trees: Trees, client: Client, copy: Copy) -> None:
    """Bring all contents of a small repository with the first: its next commits then come in one request each."""
    before, client.max_bytes = client.max_bytes, SMALL_BYTES
    try:
        entries = list(islice(trees.walk(""), SMALL_FILES + 1))
        if len(entries) <= SMALL_FILES:
            trees.fill(entries)
            copy.whole = True
    except SourceError:
        return  # few files but large ones, or a folder that only those who read it need to mind
    finally:
        client.max_bytes = before


def _prefixes(targets: Iterable[str]) -> list[bytes]:
    wanted = {b"HEAD", b"refs/heads/", b"refs/tags/"}
    for target in targets:
        if target.startswith("refs/"):
            wanted.add(target.encode())
        elif "/" in target:
            wanted.add(f"refs/{target}".encode())
    return sorted(wanted)


@dataclass(frozen=True, slots=True)
class _Order:
    """One request for objects. `depth` 1 leaves the history out, `leaving_out` is a filter (partial clone)."""

    wants: Sequence[str]
    haves: Sequence[str] = ()
    depth: int | None = None
    leaving_out: bytes | None = None


def _receive(client: Client, store: DiskObjectStore, order: _Order) -> None:
    """Fetch objects into the store as one pack."""
    from dulwich.object_store import ObjectStoreGraphWalker

    known: Any = [commit.encode() for commit in reversed(order.haves)]
    walker = ObjectStoreGraphWalker(known, lambda _: [], shallow=set(known))

    def wanted(refs: Any, depth: int | None = None) -> Any:
        return [want.encode() for want in order.wants]

    file, commit, abort = store.add_pack()
    try:
        client.fetch_pack(
            b"",
            wanted,
            walker,
            file.write,
            depth=order.depth,
            filter_spec=order.leaving_out,
        )
        empty = file.seek(0, io.SEEK_END) <= _EMPTY_PACK
    except BaseException:
        abort()
        raise
    if empty:
        abort()
    else:
        commit()


_EMPTY_PACK = 32
"""A header and a checksum."""
