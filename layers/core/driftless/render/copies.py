"""A copy of an artifact that may be written to: folders of its own, files by hard link.

In: the tree, an empty place, the files that will be changed. Out: the copy. An artifact is shared by whoever renders it
and must stay as it is; a hard link costs a few microseconds and no space.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Container
from pathlib import Path


def copy_tree(tree: Path, to: Path, *, changed: Container[Path] = (), absolute_links: bool = False) -> int:
    """Copy and give the number of entries; symbolic links stay links.

    `changed`: files of `tree` that get bytes of their own.
    `absolute_links`: the copy lies elsewhere in the repository, so its links must name what they mean in full.
    """
    to.mkdir(parents=True, exist_ok=True)
    entries = 0
    for at, folders, files in os.walk(tree):
        here, there = Path(at), to / Path(at).relative_to(tree)
        entries += len(folders) + len(files)
        for name in (*folders, *files):
            origin, copy = here / name, there / name
            if origin.is_symlink():
                copy.symlink_to(os.path.realpath(origin) if absolute_links else origin.readlink())
            elif name in folders:
                copy.mkdir()
            elif origin in changed:
                shutil.copyfile(origin, copy)
            else:
                _link(origin, copy)
    return entries


def _link(file: Path, to: Path) -> None:
    try:
        os.link(file, to, follow_symlinks=False)
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(file, to)
