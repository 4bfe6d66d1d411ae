"""A targetRevision and a repository's refs become a commit: the rules of argo-behaviour 2.8, in their order.

In: what an application tracks and one look-up's refs. Out: a `Resolution`, or SourceError naming what there is instead.
The semver ranges are those of Masterminds/semver, which Argo CD and Helm use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from driftless.vocabulary.errors import SourceError
from driftless.vocabulary.git import Refs

_FULL = re.compile(r"[0-9a-f]{40}")
_SHORT = re.compile(r"[0-9a-f]{7,39}")
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Resolution:
    """`commit` (40 hex digits) and the full name of the `ref` that led to it, "" where none did.

    `short`: an abbreviated commit id that no ref answers; `commit` is "" then, and only the history can tell.
    """

    commit: str
    ref: str = ""
    short: str = ""


def is_commit(target: str) -> bool:
    """Whether `target` is a whole commit id: it needs no look-up and never moves."""
    return _FULL.fullmatch(target) is not None


def resolve(target: str, refs: Refs, repository: str, tag_prefix: str = "") -> Resolution:
    """`repository` is how to call it in a refusal; `tag_prefix` is dropped from tags before versions are compared."""
    target = target.strip()
    if is_commit(target):
        return Resolution(target)
    if target in ("", "HEAD"):
        return _head(refs, repository)
    ref = _highest(target, refs, tag_prefix) if is_constraint(target) else ""
    ref = ref or next((name for name in _names(target) if name in refs.refs), "")
    if ref:
        return Resolution(refs.refs[ref], ref)
    if _SHORT.fullmatch(target):
        fitting = {commit for commit in refs.refs.values() if commit.startswith(target)}
        return Resolution(fitting.pop()) if len(fitting) == 1 else Resolution("", short=target)
    raise SourceError(
        "revision", f"{target} is no branch, tag or commit of {repository}", hint=f"known branches: {_branches(refs)}"
    )


def _head(refs: Refs, repository: str) -> Resolution:
    name = refs.head or "HEAD"
    commit = refs.refs.get(name) or refs.refs.get("HEAD")
    if commit:
        return Resolution(commit, name)
    if not refs.refs:
        raise SourceError("revision", f"{repository} is empty", hint="push a first commit")
    raise SourceError(
        "revision",
        f"HEAD of {repository} points to {name.removeprefix('refs/heads/')}, which does not exist",
        hint=f"set targetRevision; known branches: {_branches(refs)}",
    )


def _names(target: str) -> tuple[str, ...]:
    """The full names that a short one may stand for, in the order of Git's own listing: branches before tags."""
    return (target, f"refs/heads/{target}", f"refs/remotes/{target}", f"refs/tags/{target}", f"refs/{target}")


def _branches(refs: Refs) -> str:
    names = sorted(name.removeprefix("refs/heads/") for name in refs.refs if name.startswith("refs/heads/"))
    return (", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")) or "none"


def _highest(constraint: str, refs: Refs, tag_prefix: str) -> str:
    """The tag of the highest version that satisfies the constraint, "" when none does."""
    found: list[tuple[tuple[object, ...], str]] = []
    for name in refs.refs:
        tag = name.removeprefix("refs/tags/")
        if tag != name and tag.startswith(tag_prefix) and satisfies(tag.removeprefix(tag_prefix), constraint):
            version = _version(tag.removeprefix(tag_prefix))
            assert version is not None
            found.append((version.rank, name))
    return max(found)[1] if found else ""


# ---- versions and their ranges ---------------------------------------------------------------------------------------

_VERSION = re.compile(
    r"v?(\d{1,18})(?:\.(\d{1,18}))?(?:\.(\d{1,18}))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?"
)
_PART = r"(?:\d{1,18}|[xX*])"
_RANGE = re.compile(
    rf"(=|==|!=|>=|=>|<=|=<|>|<|~|~>|\^)?\s*v?({_PART})(?:\.({_PART}))?(?:\.({_PART}))?"
    r"(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?"
)
_HYPHEN = re.compile(rf"\s*(v?{_PART}(?:\.{_PART}){{0,2}}(?:-[0-9A-Za-z.-]+)?)\s+-\s+(v?{_PART}\S*)\s*")


@dataclass(frozen=True, slots=True)
class _Version:
    numbers: tuple[int, int, int]
    pre: str = ""

    @property
    def rank(self) -> tuple[object, ...]:
        """Semver's order: a pre-release is below its release, numbers in it below words."""
        parts = (
            tuple((0, int(p[:4000]), "") if p.isdigit() else (1, 0, p) for p in self.pre.split(".")) if self.pre else ()
        )
        return (self.numbers, not self.pre, parts)


@dataclass(frozen=True, slots=True)
class _Comparator:
    sign: str
    version: _Version
    given: int
    """How many of major, minor and patch were written: 0 for `*`, 2 for `1.2` and `1.2.x`."""

    def accepts(self, v: _Version) -> bool:
        low, high = self.version.rank, self._next()
        match self.sign:
            case "!=":
                return not (v.rank == low if self.given == 3 else low <= v.rank < high)
            case ">":
                return v.rank > low if self.given == 3 else v.rank >= high
            case ">=":
                return v.rank >= low
            case "<":
                return v.rank < low
            case "<=":
                return v.rank <= low if self.given == 3 else v.rank < high
            case "=" if self.given == 3:
                return v.rank == low
        return low <= v.rank < high

    def _next(self) -> tuple[object, ...]:
        """The first version that is beyond what `~`, `^` or the written digits mean."""
        major, minor, patch = self.version.numbers
        if self.given == 0:
            return ((float("inf"),),)
        if self.given == 1 or (self.sign == "^" and major):
            numbers = (major + 1, 0, 0)
        elif self.sign == "^" and self.given == 3 and not minor:
            numbers = (0, 0, patch + 1)
        else:
            numbers = (major, minor + 1, 0)
        # A pre-release of the version beyond is beyond too: it is the first of its line.
        return (numbers, False, ())


def is_constraint(text: str) -> bool:
    """A range (`1.*`, `>=1 <2`, `~1.2`, `^2 || 3.x`, `1.2 - 1.4`, `*`), and not a plain version, which is a pin."""
    return _VERSION.fullmatch(text.strip()) is None and _constraint(text) is not None


def satisfies(version: str, constraint: str) -> bool:
    """Whether a tag's name is a version inside the range. Pre-releases only where the range itself names one."""
    groups, parsed = _constraint(constraint), _version(version)
    if parsed is None or groups is None:
        return False
    return any(
        all(c.accepts(parsed) for c in group) and (not parsed.pre or any(c.version.pre for c in group))
        for group in groups
    )


def _version(text: str) -> _Version | None:
    found = _VERSION.fullmatch(text)
    if found is None:
        return None
    return _Version((int(found[1]), int(found[2] or 0), int(found[3] or 0)), found[4] or "")


@lru_cache(maxsize=256)
def _constraint(text: str) -> tuple[tuple[_Comparator, ...], ...] | None:
    """The alternatives of a range, each a list that must hold as a whole; None when `text` is no range."""
    groups = [_group(part) for part in text.split("||")]
    return None if None in groups else tuple(g for g in groups if g is not None)


def _group(text: str) -> tuple[_Comparator, ...] | None:
    hyphen = _HYPHEN.fullmatch(text)
    if hyphen:
        text = f">={hyphen[1]} <={hyphen[2]}"
    found, at = [], 0
    for match in _RANGE.finditer(text):
        between = text[at : match.start()]
        if between.strip(" ,\t") or (at and not between):
            return None
        found.append(_comparator(match))
        at = match.end()
    return tuple(found) if found and not text[at:].strip() and not text.strip().startswith(",") else None


def _comparator(match: re.Match[str]) -> _Comparator:
    sign = {"": "=", "==": "=", "=>": ">=", "=<": "<=", "~>": "~"}.get(match[1] or "", match[1] or "")
    numbers: list[int] = []
    for part in (match[2], match[3], match[4]):
        if part is None or not part.isdigit():
            break
        numbers.append(int(part))
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return _Comparator(sign, _Version((major, minor, patch), match[5] or ""), len(numbers))
