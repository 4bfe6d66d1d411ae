"""Argo CD's globs for `directory.include` and `exclude`: `*` crosses `/`, `{a,b}` is a choice.

In: a path relative to the application's folder and a pattern. Out: whether they match.
"""

from __future__ import annotations

import fnmatch
import re
from functools import lru_cache

from driftless.vocabulary.errors import SourceError

_MOST_CHOICES = 1000


def matches(path: str, pattern: str) -> bool:
    """Raises SourceError for a pattern with more than 1,000 choices or an open brace."""
    return any(regex.fullmatch(path) for regex in _compiled(pattern))


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> tuple[re.Pattern[str], ...]:
    # fnmatch's translation is atomic: no pattern makes it slow
    return tuple(re.compile(fnmatch.translate(choice)) for choice in choices(pattern))


def choices(pattern: str) -> list[str]:
    """`{a,b}/*.{yaml,json}` -> its four alternatives; braces may nest."""
    done: list[str] = []
    waiting = [pattern]
    while waiting:
        current = waiting.pop()
        start = current.find("{")
        if start < 0:
            done.append(current)
            continue
        end, parts = _brace(current, start, pattern)
        waiting.extend(current[:start] + part + current[end + 1 :] for part in reversed(parts))
        if len(waiting) + len(done) > _MOST_CHOICES:
            raise SourceError("render", f"the pattern {pattern!r} has more than {_MOST_CHOICES} choices")
    return done


def _brace(text: str, start: int, pattern: str) -> tuple[int, list[str]]:
    """The closing place of the brace that opens at `start`, and what its commas part."""
    depth, begin, parts = 0, start + 1, []
    for index in range(start, len(text)):
        if text[index] == "{":
            depth += 1
        elif text[index] == "}":
            depth -= 1
        if (text[index] == "," and depth == 1) or depth == 0:
            parts.append(text[begin:index])
            begin = index + 1
        if depth == 0:
            return index, parts
    raise SourceError("render", f"the pattern {pattern!r} opens a brace that it does not close")
