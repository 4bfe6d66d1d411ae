"""Reading a provider's JSON without trusting it: every field is asked for by its path, and a missing one is named.

In: the raw body, or the document in it. Out: texts and rows. Raises Refused (400), never a KeyError; field values do
not appear in messages.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from driftless.vocabulary.errors import Refused

Document = dict[str, Any]

LISTED_COMMITS = 20
"""Providers list at most this many commits of a push (GitLab says so; argo-behaviour.md section 10), so a list this
long may be cut off."""

COUNTED_PATHS = 1000
"""With more changed files than this, looking at the Git trees is cheaper than comparing names."""

LONGEST_ADDRESS = 512
"""Bytes of a repository's address; it becomes a table key, and DynamoDB takes at most 1,024 bytes for a sort key."""

_DELIVERY_ID = re.compile(r"[A-Za-z0-9{}._:+/=-]{1,128}")


def document(body: bytes, provider: str) -> Document:
    """The JSON object in `body`. orjson, because it refuses deep nesting and broken Unicode and passes neither on."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as cause:
        raise Refused(
            f"the {provider} webhook's body is not JSON", hint="set the webhook's content type to application/json"
        ) from cause
    if not isinstance(parsed, dict):
        raise Refused(f"the {provider} webhook's body is a JSON {type(parsed).__name__}, not an object")
    return parsed


def optional(doc: Document, path: str) -> str:
    """The text at `a.b.c`; "" where a step is missing or is not text."""
    value: Any = doc
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def text(doc: Document, path: str) -> str:
    if not (value := optional(doc, path)):
        raise Refused(f"the webhook's payload has no text at {path}", hint="is it a push event of this provider?")
    return value


def moved(doc: Document) -> tuple[str, str]:
    """The commits `before` and `after`; "" where a sender leaves one out. The ref alone says what to look up."""
    before, after = ("" if doc.get(name) is None else text(doc, name) for name in ("before", "after"))
    return before, after


def address(doc: Document, path: str) -> str:
    if len((value := text(doc, path)).encode()) > LONGEST_ADDRESS:
        raise Refused(f"the repository's address at {path} has more than {LONGEST_ADDRESS} bytes")
    return value


def addresses(doc: Document, *paths: str) -> tuple[str, ...]:
    """The repository's addresses at `paths`, each once; at least one has to be there."""
    found = tuple(dict.fromkeys(address(doc, path) for path in paths if optional(doc, path)))
    if not found:
        raise Refused(f"the webhook's payload names no repository at {' or '.join(paths)}")
    return found


def rows(doc: Document, path: str) -> list[Document]:
    """The list of objects at `a.b.c`."""
    value: Any = doc
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise Refused(f"the webhook's payload has no list of objects at {path}")
    return value


def delivery(headers: Mapping[str, str], body: bytes, *names: str) -> str:
    """The provider's id of this delivery, from the first of the headers `names`; else the SHA-256 of the body.

    The header is not covered by any signature, so only a plain id is taken.
    """
    for name in names:
        if _DELIVERY_ID.fullmatch(value := headers.get(name, "").strip()):
            return value
    return hashlib.sha256(body).hexdigest()


def changed_paths(doc: Document, total: str = "") -> tuple[str, ...] | None:
    """The files that the push's commits added, modified and removed; None where the payload cannot tell.

    `total` names the field with the true number of commits. It cannot tell without a commit (a new branch, a branch
    set back: files change all the same), with a list that may be cut off, with a commit that lists no files' field.
    """
    commits = doc.get("commits")
    if not isinstance(commits, list) or not 0 < len(commits) < LISTED_COMMITS:
        return None
    if isinstance(count := doc.get(total), int) and count > len(commits):
        return None
    found: dict[str, None] = {}
    for files in _file_lists(commits):
        if not isinstance(files, list):
            return None
        found |= dict.fromkeys(file for file in files if isinstance(file, str))
    return tuple(found) if 0 < len(found) <= COUNTED_PATHS else None


def _file_lists(commits: list[Any]) -> Iterator[Any]:
    for commit in commits:
        for field in ("added", "modified", "removed"):
            yield commit.get(field) if isinstance(commit, dict) else None
