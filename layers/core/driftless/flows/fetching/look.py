"""One look at one repository: targets become commits, commits folders, an application's source an artifact's name.

In: the Git outlet, what the last look-up resolved, who cares. Out: a `Finding` per application that must be told
something. The refs are listed at most once and each commit is fetched at most once, however many applications ask.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from driftless import checkout, revision
from driftless.outlets.git import Git, RepositoryUnavailable, Trees
from driftless.record.applications import Interest
from driftless.record.state import Target
from driftless.vocabulary.errors import DriftlessError, Refused, SourceError
from driftless.vocabulary.git import Entry, Refs, Remote

FAILED = "!"
"""Begins what an interest remembers instead of a commit when it was told of an error."""
_FILLED_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Finding:
    """What to tell one application, and to remember: `seen` is the commit, or the mark of an error.

    Without a `target` only the inputs are news: other objects, the same artifact.
    """

    interest: Interest
    seen: str
    target: Target | None
    inputs: tuple[tuple[str, str], ...] = ()
    files: tuple[Entry, ...] = field(default=(), repr=False)
    trees: Trees | None = None

    @property
    def artifact(self) -> str:
        return self.target.artifact if self.target else self.interest.artifact


class Look:
    """`known` is targetRevision -> commit of the last complete look-up; `now` Unix seconds."""

    def __init__(self, git: Git, interests: Sequence[Interest], known: dict[str, str], now: float) -> None:
        self.git = git
        self.interests = interests
        self.known = known
        self.now = now
        self.resolved: dict[str, str] = {}
        self._refs: Refs | None = None
        self._trees: dict[str, Trees | SourceError] = {}
        self.remote = _remote(interests)

    def begin(self) -> None:
        """List the refs, unless every application names a whole commit: those need none."""
        targets = [i.target_revision for i in self.interests]
        if not all(revision.is_commit(t) for t in targets):
            self._refs = self.git.look_up(self.remote, targets)

    def at(self, interest: Interest, *, anew: bool = False) -> Finding | None:
        """None when nothing changed for it; `anew`: the application waits to be told, whatever it is.

        Raises RepositoryUnavailable; anything that is wrong with the source is a Finding.
        """
        mark = ""
        try:
            commit = self.commit(interest)
            if not anew and self._verified(interest, commit):
                return None
            trees = self.trees(commit)
            mark = FAILED + commit
            if not anew and (interest.commit == mark or checkout.unchanged(trees, interest.inputs)):
                return None
            return self._found(interest, commit, trees, anew)
        except RepositoryUnavailable:
            raise
        except (SourceError, Refused) as error:
            finding = failure(interest, error, self.now)
            finding = replace(finding, seen=mark or finding.seen)
            return None if interest.commit == finding.seen and not anew else finding

    def commit(self, interest: Interest) -> str:
        """The commit that an application's targetRevision means now."""
        target = interest.target_revision
        if revision.is_commit(target):
            return target
        key = _tracked(interest)
        if key not in self.resolved:
            refs = self._refs or Refs()
            found = revision.resolve(target, refs, interest.repository, interest.source.get("tagPrefix") or "")
            self.resolved[key] = found.commit or self._abbreviated(found.short, key, refs)
        return self.resolved[key]

    def trees(self, commit: str) -> Trees:
        if commit not in self._trees:
            try:
                self._trees[commit] = self.git.fetch(self.remote, commit)
            except SourceError as error:
                self._trees[commit] = error
        found = self._trees[commit]
        if isinstance(found, SourceError):
            raise found
        return found

    def fill(self, interests: Iterable[Interest]) -> None:
        """Bring what the applications' own folders hold, in one request per commit: most of what will be read."""
        wanted: dict[str, list[Entry]] = {}
        for interest in interests:
            commit = self.resolved.get(_tracked(interest), interest.target_revision)
            trees = self._trees.get(commit)
            if isinstance(trees, Trees):
                path = interest.path.strip("/").removeprefix("./")
                rows = trees.list("") if path in ("", ".") else islice(trees.walk(path), _FILLED_AT_ONCE)
                wanted.setdefault(commit, []).extend(rows)
        for commit, entries in wanted.items():
            self.trees(commit).fill(entries)

    def _verified(self, interest: Interest, commit: str) -> bool:
        """Looked at already at this commit: by itself, or by the last complete look-up of its target."""
        return bool(interest.artifact) and commit in (interest.commit, self.known.get(_tracked(interest)))

    def _abbreviated(self, short: str, key: str, refs: Refs) -> str:
        known = self.known.get(key, "")
        return known if known.startswith(short) else self.git.find(self.remote, short, refs)

    def _found(self, interest: Interest, commit: str, trees: Trees, anew: bool) -> Finding:
        print_ = checkout.footprint(trees, interest.source)
        artifact = checkout.digest(print_.files)
        if artifact == interest.artifact and not anew:
            return Finding(interest, commit, None, print_.inputs)
        made = trees.commit
        target = Target(
            revision=made.id,
            artifact=artifact,
            source=interest.source,
            author=made.author,
            subject=made.subject,
            date=made.date,
            at=self.now,
        )
        return Finding(interest, commit, target, print_.inputs, print_.files, trees)


def _tracked(interest: Interest) -> str:
    """What two applications must share to mean the same commit: the target, and where its tags begin."""
    prefix = interest.source.get("tagPrefix") or ""
    return f"{prefix} {interest.target_revision}" if prefix else interest.target_revision


def failure(interest: Interest, error: DriftlessError, now: float) -> Finding:
    """Tell an application why there is no artifact; the same sentence is told once."""
    stage = getattr(error, "stage", "revision")
    mark = FAILED + hashlib.sha256(f"{stage} {error}".encode()).hexdigest()[:12]
    return Finding(interest, mark, Target(source=interest.source, error=str(error), stage=stage, at=now))


def _remote(interests: Sequence[Interest]) -> Remote:
    """Applications may spell the address differently; https first, because it is the one we can ask."""
    order = ("https://", "http://")
    urls: list[Any] = sorted(
        {i.repo_url for i in interests},
        key=lambda url: (next((n for n, scheme in enumerate(order) if url.lower().startswith(scheme)), 2), url),
    )
    return Remote(urls[0], interests[0].repository)
