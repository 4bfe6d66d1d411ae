"""The files and folders that a render may read, as they are found: each once, limits held, links followed.

In: paths of a commit. Out: the artifact's entries and the paths whose object ids say whether they changed.
"""

from __future__ import annotations

from typing import Any

from driftless.checkout.places import follow, submodule
from driftless.outlets.git import Trees
from driftless.vocabulary.errors import SourceError
from driftless.vocabulary.git import Entry
from driftless.vocabulary.yaml_documents import documents

MAX_FILES = 10_000


class Closure:
    """Grows while the collectors walk; `finish` when they are done."""

    def __init__(self, trees: Trees) -> None:
        self.trees = trees
        self._links: list[Entry] = []
        self._files: dict[str, Entry] = {}
        self._inputs: set[str] = set()
        self._whole: set[str] = set()

    def own_files(self, folder: str) -> None:
        """A folder's direct files; a submodule among them is an empty folder, which nobody reads."""
        self._inputs.add(f"{folder}/*" if folder else "*")
        for entry in self.trees.list(folder):
            if not entry.is_tree and not entry.is_submodule:
                self._take(entry)

    def everything(self, path: str) -> None:
        """A file, or a folder with all that is below it."""
        if self.holds(path):
            return
        found = self.trees.entry(path)
        if found is None:
            self.absent(path)
            return
        self._inputs.add(path)
        if found.is_tree:
            self._whole.add(path)
        for entry in self.trees.walk(path):
            self._take(entry)

    def absent(self, path: str) -> None:
        """Something refers to `path`, and nothing is there: when it comes, that is a change."""
        self._inputs.add(path)

    def place(self, path: str) -> Entry | None:
        """Where a normalised path ends, links on the way taken into the closure."""
        links: list[Entry] = []
        end, found = follow(self.trees, path, links)
        for link in links:
            self._inputs.add(link.path)
            self._take(link)
        if found is None:
            self.absent(end)
        return found

    def documents(self, path: str) -> list[Any]:
        """A file's YAML documents; one that is not YAML is the render's to refuse, with its line."""
        try:
            return documents(self.trees.read(path), path)
        except SourceError as error:
            if error.stage != "render":
                raise
            return []

    def holds(self, path: str) -> bool:
        """Whether a folder that was taken whole holds `path`."""
        return any(not whole or path == whole or path.startswith(f"{whole}/") for whole in self._whole)

    def finish(self) -> tuple[list[str], tuple[Entry, ...]]:
        """The fewest paths that speak for all (a folder taken whole for what is in it), and the files, by path."""
        while self._links:
            target = self.place(self._links.pop().path)
            if target is not None:
                self.everything(target.path)
        paths = sorted(p for p in self._inputs if p in self._whole or not self.holds(p.removesuffix("*").rstrip("/")))
        return paths, tuple(self._files[path] for path in sorted(self._files))

    def _take(self, entry: Entry) -> None:
        if entry.path in self._files:
            return
        if entry.is_submodule:
            raise submodule(entry.path)
        _refuse_name(entry.path)
        self._files[entry.path] = entry
        if len(self._files) > MAX_FILES:
            raise SourceError(
                "checkout",
                f"the application reads more than {MAX_FILES} files, up to {entry.path}",
                hint="point source.path at a smaller folder",
            )
        if entry.is_link:
            self._links.append(entry)  # what it means comes too, in `finish`; one that dangles is the render's to mind


def _refuse_name(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        shown = path.encode("utf-8", "backslashreplace").decode()
        raise SourceError("checkout", f"the file name {shown} is not UTF-8", hint="rename the file") from None
