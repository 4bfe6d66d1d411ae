"""Paths that come from Git or from an application's source, kept inside the artifact.

In: the artifact's root and a path that somebody wrote. Out: the place on disk, or SourceError that names the path.
A link that leaves the artifact would let a chart read this machine, the credentials of the function included.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from driftless.vocabulary.errors import SourceError


def app_folder(checkout: Path, path: str) -> Path:
    """The application's folder. Raises SourceError when it is absolute, leaves the repository, or is not there."""
    if path.startswith("/"):
        raise SourceError("render", f"source.path {path} is absolute", hint="give the path from the repository's root")
    folder = inside(checkout, checkout, path or ".", "source.path")
    if not folder.is_dir():
        problem = "is a file, not a folder" if folder.exists() else "does not exist in the repository"
        raise SourceError("render", f"app path {path} {problem}", hint="check source.path and source.targetRevision")
    return folder


def inside(checkout: Path, base: Path, path: str, what: str) -> Path:
    """`path` as seen from `base`; a leading / means the repository's root. `what` names the field in the refusal."""
    if "\0" in path:
        raise SourceError("render", f"{what} {path!r} holds a null character")
    start, rest = (checkout, path.lstrip("/")) if path.startswith("/") else (base, path)
    place = Path(os.path.normpath(start / rest))
    real, root = Path(os.path.realpath(place)), Path(os.path.realpath(checkout))
    if not _within(checkout, place) or not _within(root, real):
        raise SourceError("render", f"{what} {path!r} leads out of the repository", hint="name a file inside of it")
    return place


def _within(root: Path, place: Path) -> bool:
    return place == root or root in place.parents


def refuse_links_that_leave(checkout: Path) -> None:
    """Raise SourceError naming the first symbolic link that ends outside of the artifact."""
    root = Path(os.path.realpath(checkout))
    for link in _links(checkout):
        try:
            link.stat()
        except OSError as fault:
            if fault.errno == errno.ELOOP:
                raise SourceError("render", f"link {link.relative_to(checkout)} leads in a circle") from None
        if not _within(root, Path(os.path.realpath(link))):
            raise SourceError(
                "render",
                f"link {link.relative_to(checkout)} leads out of the repository",
                hint="replace the link by the file it means",
            )


def _links(checkout: Path) -> Iterator[Path]:
    folders = [str(checkout)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_symlink():
                    yield Path(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
