"""A patched document: JSON merge patch (RFC 7386) and JSON patch (RFC 6902), for PATCH of an application.

In: a document and a patch as text. Out: a new document. Raises Refused naming the operation that does not fit.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from driftless.vocabulary.errors import Refused
from driftless.vocabulary.merge_patch import merged


def patched(document: dict[str, Any], text: str, kind: str) -> dict[str, Any]:
    """`kind` is "merge" or "json" ("" is json, as in Argo CD's API)."""
    try:
        patch = json.loads(text)
        json.dumps(patch, ensure_ascii=False).encode()  # half of a character pair is nothing that can be stored
    except (ValueError, TypeError, RecursionError) as cause:
        raise Refused("the patch is not JSON") from cause
    if kind == "merge":
        result = merged(document, patch)
    elif kind in ("json", ""):
        result = _operated(copy.deepcopy(document), patch)
    else:
        raise Refused(f"patchType must be merge or json, not {kind[:40]!r}")
    if not isinstance(result, dict):
        raise Refused("the patch leaves no Application behind")
    return result


def _operated(document: Any, operations: Any) -> Any:
    if not isinstance(operations, list):
        raise Refused("a JSON patch must be a list of operations", hint="or say patchType merge")
    for number, step in enumerate(operations):
        try:
            document = _step(document, step)
        except (KeyError, IndexError, TypeError, ValueError) as cause:
            raise Refused(f"operation {number} of the JSON patch does not fit the application") from cause
    return document


def _step(document: Any, step: dict[str, Any]) -> Any:
    name, path = step["op"], _pointer(step["path"])
    if name == "test":
        if _value(document, path) != step["value"]:
            raise ValueError(name)
        return document
    if name in ("add", "replace"):
        return _put(document, path, step["value"], replacing=name == "replace")
    if name == "remove":
        return _removed(document, path)
    if name in ("move", "copy"):
        value = copy.deepcopy(_value(document, _pointer(step["from"])))
        document = _removed(document, _pointer(step["from"])) if name == "move" else document
        return _put(document, path, value, replacing=False)
    raise ValueError(name)


def _pointer(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise ValueError(text)
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _value(document: Any, path: list[str]) -> Any:
    for part in path:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def _put(document: Any, path: list[str], value: Any, *, replacing: bool) -> Any:
    if not path:
        return value
    parent, last = _value(document, path[:-1]), path[-1]
    if replacing:
        _value(parent, [last])
    if isinstance(parent, list) and not replacing:
        parent.insert(len(parent) if last == "-" else int(last), value)
    elif isinstance(parent, list):
        parent[int(last)] = value
    else:
        parent[last] = value
    return document


def _removed(document: Any, path: list[str]) -> Any:
    parent = _value(document, path[:-1])
    del parent[int(path[-1]) if isinstance(parent, list) else path[-1]]
    return document
