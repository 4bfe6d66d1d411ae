"""Who owns which field: an object's managedFields read as paths.

In: an object as the API server gave it. Out: the field sets of managers, the paths they own, the last owner of a
path. The format is the server's FieldsV1: `f:name` a field, `k:{"name":"app"}` a list item by its keys, `v:"x"` a
member of a set, `.` the node itself; `{}` ends a path and owns all below it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from driftless.vocabulary.objects import DECLARED_BEFORE_US, Manifest, canonical_json

Path = tuple[str | int, ...]
FieldsV1 = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Owner:
    """One manager's claim on a field. `time` is RFC 3339 or "", `operation` is Apply or Update."""

    manager: str
    operation: str
    time: str
    subresource: str = ""


def entries(obj: Manifest, manager: str | None = None) -> list[dict[str, Any]]:
    """The managedFields entries, of one manager or of all."""
    managed = (obj.get("metadata") or {}).get("managedFields") or []
    return [entry for entry in managed if manager in (None, entry.get("manager"))]


def declared_before_us(obj: Manifest) -> list[dict[str, Any]]:
    """The entries whose fields an apply of ours takes over: what they declared and Git does not, goes."""
    return [
        entry
        for entry in entries(obj)
        if (entry.get("manager"), entry.get("operation")) in DECLARED_BEFORE_US and not entry.get("subresource")
    ]


def field_set(obj: Manifest, found: list[dict[str, Any]]) -> FieldsV1 | None:
    """All that these entries of `obj` own of the object itself; None if one speaks of another version of the kind."""
    own = [entry for entry in found if not entry.get("subresource")]
    if any(entry.get("apiVersion") != obj.get("apiVersion") for entry in own):
        return None
    union: FieldsV1 = {}
    for entry in own:
        union = _united(union, entry.get("fieldsV1") or {})
    return union


def owned_paths(fields: FieldsV1, node: Any, at: Path = ()) -> Iterator[Path]:
    """The paths of `node` that a field set owns, as keys and list positions; what is not there is left out."""
    if not fields:
        yield at
        return
    for name, below in fields.items():
        step = _step(name, node)
        if step is not None:
            yield from owned_paths(below, node[step], (*at, step))


def last_owner(obj: Manifest, path: Path) -> Owner | None:
    """Who last claimed the field at `path`, by the entry's time; None when nobody did."""
    claims = [entry for entry in entries(obj) if _owns(entry.get("fieldsV1") or {}, obj, path)]
    if not claims:
        return None
    last = max(claims, key=lambda entry: entry.get("time") or "")
    return Owner(
        manager=last.get("manager") or "",
        operation=last.get("operation") or "",
        time=last.get("time") or "",
        subresource=last.get("subresource") or "",
    )


def item_keys(fields: FieldsV1) -> tuple[str, ...] | None:
    """How the items of a list are told apart: the key fields, () for a set of values, None for neither."""
    for name in fields:
        if name.startswith("k:"):
            return tuple(sorted(json.loads(name[2:])))
        if name.startswith("v:"):
            return ()
    return None


def identity(item: Any, keys: tuple[str, ...]) -> bytes:
    """What makes a list item the same item on two sides."""
    if keys and isinstance(item, dict):
        return canonical_json({key: item.get(key) for key in keys})
    return canonical_json(item)


def by_identity(fields: FieldsV1) -> dict[bytes, FieldsV1]:
    """The field sets of a list's items, by the items' identity."""
    return {canonical_json(json.loads(name[2:])): below for name, below in fields.items() if name[:2] in ("k:", "v:")}


def _step(name: str, node: Any) -> str | int | None:
    if name.startswith("f:"):
        return name[2:] if isinstance(node, dict) and name[2:] in node else None
    if not isinstance(node, list) or name == ".":
        return None
    wanted = json.loads(name[2:])
    if name.startswith("i:"):
        return wanted if isinstance(wanted, int) and wanted < len(node) else None
    keys = tuple(sorted(wanted)) if name.startswith("k:") else ()
    return next((at for at, item in enumerate(node) if identity(item, keys) == canonical_json(wanted)), None)


def _owns(fields: FieldsV1, node: Any, path: Path) -> bool:
    """Whether a field set owns `path`, something above it (an atomic value) or something below it."""
    for wanted in path:
        if not fields:
            return True
        names = [name for name in fields if _step(name, node) == wanted]
        if not names:
            return False
        fields, node = fields[names[0]], node[wanted]
    return True


def _united(one: FieldsV1, other: FieldsV1) -> FieldsV1:
    return one | {name: _united(one[name], below) if name in one else below for name, below in other.items()}
