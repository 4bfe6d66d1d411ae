"""Paths as people write them, followed through a commit: folders, files, and the links between them.

In: a path relative to a folder of the repository. Out: the entry it ends at, with every link on the way.
Raises SourceError, naming the link or the path, for what is absolute, leaves the repository or goes in a circle.
"""

from __future__ import annotations

from collections.abc import Iterator

from driftless.outlets.git import Trees
from driftless.vocabulary.errors import SourceError
from driftless.vocabulary.git import Entry

MAX_LINKS = 40
"""As many as a kernel follows in one path."""


def joined(base: str, path: str) -> str | None:
    """`path` as seen from the folder `base`, normalised; "" is the root, None for what leaves the repository."""
    parts: list[str] = [] if path.startswith("/") else [p for p in base.split("/") if p]
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def follow(trees: Trees, path: str, links: list[Entry]) -> tuple[str, Entry | None]:
    """Where `path` (normalised) ends, and what is there; links resolved on the way are put into `links`."""
    here, waiting, followed = "", path.split("/") if path else [], 0
    while waiting:
        name = waiting.pop(0)
        if name in ("", "."):
            continue
        if name == "..":
            if not here:
                raise _leaves(links[-1].path if links else path, path)
            here = here.rpartition("/")[0]
            continue
        found = trees.entry(f"{here}/{name}" if here else name)
        if found is None:
            return joined(here, "/".join([name, *waiting])) or here, None
        if found.is_submodule:
            raise submodule(found.path)
        if not found.is_link:
            here = found.path
            continue
        followed += 1
        if followed > MAX_LINKS:
            raise SourceError("checkout", f"the link {found.path} leads in a circle", hint="replace it by a file")
        links.append(found)
        waiting = _target(trees, found).split("/") + waiting
    return here, trees.entry(here)


def _target(trees: Trees, link: Entry) -> str:
    """Where a link points to, relative to its own folder."""
    text = trees.read(link.path).decode("utf-8", "surrogateescape")
    folder = link.path.rpartition("/")[0]
    if text.startswith("/") or joined(folder, text) is None:
        raise _leaves(link.path, text)
    return text


def submodule(path: str) -> SourceError:
    hint = "commit its files, or point source.path elsewhere"
    return SourceError("checkout", f"{path} is a Git submodule, which is not built yet", hint=hint)


def _leaves(link: str, target: str) -> SourceError:
    hint = "replace the link by the file it means"
    return SourceError("checkout", f"the link {link} leads out of the repository, to {target}", hint=hint)


def nearest(trees: Trees, path: str) -> str:
    """What there is instead of a path that does not exist: its existing parent's folders, for a person's eyes."""
    parent = path
    while parent and trees.entry(parent) is None:
        parent = parent.rpartition("/")[0]
    names = [entry.path for entry in trees.list(parent) if entry.is_tree]
    return ", ".join(_closest(names, path)) or f"no folder in {parent or 'the root'}"


def _closest(names: list[str], path: str) -> Iterator[str]:
    from difflib import SequenceMatcher

    yield from sorted(names, key=lambda n: (-SequenceMatcher(None, n, path).ratio(), n))[:3]
