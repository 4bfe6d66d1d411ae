"""Bare object stores in /tmp, one per repository, the least used evicted first: they only save time.

In: a repository's canonical name. Out: a `Copy`. A copy that is damaged, or has become too many packs, is wiped.
The folder is this process' own: another environment on the same disk (development) never writes into it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dulwich.object_store import DiskObjectStore

MAX_CACHE_BYTES = 1536 * 1024 * 1024
MAX_PACKS = 60
"""Beyond it, finding one object costs more than fetching anew."""
KNOWN_COMMITS = 8
"""How many of the newest commits a fetch tells the server that we have."""


@dataclass
class Copy:
    """One repository on disk. `commits` are what we tell the server that we have, newest last."""

    path: Path
    store: DiskObjectStore
    commits: list[str] = field(default_factory=list)
    whole: bool = False
    """Whether the commits' file contents are all here: the server may then send differences to them."""
    used: int = 0

    def remember(self, commit: str) -> None:
        self.commits = [*(c for c in self.commits if c != commit), commit][-KNOWN_COMMITS:]


class Cache:
    def __init__(self, root: Path | None = None, limit: int = MAX_CACHE_BYTES) -> None:
        base = root or Path(tempfile.gettempdir()) / "driftless-git"
        self.folder = base / str(os.getpid())
        self.limit = limit
        self._copies: dict[str, Copy] = {}
        self._turn = 0
        _sweep(base)

    def open(self, name: str) -> Copy:
        from dulwich.object_store import DiskObjectStore

        copy = self._copies.get(name)
        if copy is not None and (len(copy.store.packs) > MAX_PACKS or not copy.path.is_dir()):
            self.wipe(name)
            copy = None
        if copy is None:
            path = self.folder / hashlib.sha256(name.encode()).hexdigest()[:24]
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True)
            copy = self._copies[name] = Copy(path, DiskObjectStore.init(str(path)))
        self._turn += 1
        copy.used = self._turn
        return copy

    def wipe(self, name: str) -> None:
        copy = self._copies.pop(name, None)
        if copy is not None:
            copy.store.close()
            shutil.rmtree(copy.path, ignore_errors=True)

    def trim(self, keep: str) -> None:
        """Make room, the least recently used first, `keep` never."""
        sizes = {name: _size(copy.path) for name, copy in self._copies.items()}
        for name in sorted(sizes, key=lambda n: self._copies[n].used):
            if sum(sizes.values()) <= self.limit:
                return
            if name != keep:
                self.wipe(name)
                del sizes[name]

    def close(self) -> None:
        for name in list(self._copies):
            self.wipe(name)
        shutil.rmtree(self.folder, ignore_errors=True)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _sweep(base: Path) -> None:
    """Remove what processes that are gone have left: Lambda keeps /tmp when it restarts a process."""
    for folder in base.glob("[0-9]*"):
        try:
            os.kill(int(folder.name), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (PermissionError, ValueError):
            continue
