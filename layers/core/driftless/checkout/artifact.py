"""An artifact's name and bytes: a zip of the files at their paths from the repository's root, links as links.

In: entries of a footprint, and the trees they come from; later, the bytes. Out: the digest, the bytes, files on disk.
The same entries give the same digest and the same bytes. What is unpacked is not trusted, though we packed it.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from driftless.outlets.git import Trees
from driftless.vocabulary.errors import SourceError
from driftless.vocabulary.git import EXECUTABLE, FILE, LINK, Entry

MAX_BYTES = 128 * 1024 * 1024
"""All files of one artifact together, unpacked. Helm and kustomize would need several times that."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_KIND = b"driftless artifact 1\n"


def digest(files: Sequence[Entry]) -> str:
    """SHA-256, hex, over the sorted listing of modes, object ids and paths; no file is read for it."""
    listing = hashlib.sha256(_KIND)
    for entry in sorted(files, key=lambda e: e.path):
        listing.update(f"{_mode(entry):o} {entry.id} {entry.path}\0".encode("utf-8", "surrogateescape"))
    return listing.hexdigest()


def pack(trees: Trees, files: Sequence[Entry]) -> bytes:
    """The artifact's bytes. Raises SourceError when the files are over MAX_BYTES together."""
    trees.fill(files)
    out, total = io.BytesIO(), 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for entry in sorted(files, key=lambda e: e.path):
            content = trees.content(entry.id)
            total += len(content)
            if total > MAX_BYTES:
                raise SourceError(
                    "checkout",
                    f"what the application reads is more than {MAX_BYTES >> 20} MiB, up to {entry.path}",
                    hint="point source.path at a smaller folder, or keep large files out of it",
                )
            row = zipfile.ZipInfo(entry.path, _EPOCH)
            row.external_attr = _mode(entry) << 16
            row.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(row, content)
    return out.getvalue()


def unpack(data: bytes, folder: Path) -> None:
    """Put the files under `folder`, which is empty. Raises SourceError for a name or a link that leaves it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        rows = archive.infolist()
        if sum(row.file_size for row in rows) > MAX_BYTES:
            raise SourceError("checkout", f"the artifact is more than {MAX_BYTES >> 20} MiB unpacked")
        links = [row for row in rows if stat.S_ISLNK(row.external_attr >> 16)]
        # Links last: no file can then be written through one.
        for row in [row for row in rows if row not in links]:
            place = _place(folder, row.filename)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(archive.read(row))
            if row.external_attr >> 16 & 0o100:
                place.chmod(0o755)
        for row in links:
            _link(folder, row.filename, archive.read(row))
        for row in links:
            _refuse_leaving(folder, row.filename)


def _place(folder: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\0" in name:
        raise SourceError("checkout", f"the artifact holds {name!r}, which leads out of it")
    return folder.joinpath(*parts)


def _link(folder: Path, name: str, content: bytes) -> None:
    place, target = _place(folder, name), content.decode("utf-8", "surrogateescape")
    inside = os.path.normpath(PurePosixPath(name).parent / target)
    if target.startswith("/") or "\0" in target or inside.split("/")[0] == "..":
        raise SourceError("checkout", f"the artifact's link {name} leads out of it")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


def _refuse_leaving(folder: Path, name: str) -> None:
    """Links through links may lead further than each of them says."""
    root, end = os.path.realpath(folder), os.path.realpath(folder / name)
    if os.path.commonpath([root, end]) != root:
        raise SourceError("checkout", f"the artifact's link {name} leads out of it")


def _mode(entry: Entry) -> int:
    """Git knows three kinds of file; older modes (100664) are the plain one."""
    if entry.is_link:
        return LINK
    return EXECUTABLE if entry.mode & 0o100 else FILE
