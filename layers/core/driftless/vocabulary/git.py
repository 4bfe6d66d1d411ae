"""What Git says, as values: the refs of a repository, the entries of a tree, who made a commit.

In: nothing. Out: shapes that the Git outlet makes, and that `revision` and `checkout` read; an address
as it may be shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field

TREE, FILE, EXECUTABLE, LINK, SUBMODULE = 0o040000, 0o100644, 0o100755, 0o120000, 0o160000


def shown(url: str) -> str:
    """An address, however broken, without what a person may have put before the @; `git@host:path` stays as it is."""
    scheme, separator, rest = url.partition("://")
    start, rest = (scheme + separator, rest) if separator else ("", url)
    authority, slash, path = rest.partition("/")
    user, _, host = authority.rpartition("@")
    return start + (host if separator or ":" in user else authority) + slash + path


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository to ask: `url` as an application wrote it, `name` its canonical form (`interest.canonical`)."""

    url: str
    name: str


@dataclass(frozen=True, slots=True)
class Refs:
    """One look-up: full ref name -> commit id, annotated tags peeled; `head` is the branch that HEAD points to."""

    head: str | None = None
    refs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a tree: its path from the repository's root, Git's mode, the object's id (40 hex digits)."""

    path: str
    mode: int
    id: str

    @property
    def is_tree(self) -> bool:
        return self.mode & 0o170000 == TREE

    @property
    def is_link(self) -> bool:
        return self.mode & 0o170000 == LINK

    @property
    def is_submodule(self) -> bool:
        return self.mode & 0o170000 == SUBMODULE

    @property
    def is_file(self) -> bool:
        return self.mode & 0o170000 == 0o100000


@dataclass(frozen=True, slots=True)
class Commit:
    """`author` is `Name <address>`, `subject` the message's first line, `date` RFC 3339 in UTC."""

    id: str
    author: str
    subject: str
    date: str
