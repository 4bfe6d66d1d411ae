"""`ignoreDifferences`: which fields of one object nobody should look at.

In: the application's rules and both sides of an object. Out: the paths that its matching rules ignore on each side
(jsonPointers; fields that differ and that a listed manager owns), and copies without them. A missing path is skipped,
a pointer has no wildcard (argo-behaviour 4.3).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from driftless.compare.ownership import Path, entries, owned_paths
from driftless.vocabulary.argo import IgnoreRule
from driftless.vocabulary.errors import NotBuiltYet
from driftless.vocabulary.objects import Manifest, key_of

_ABSENT = object()


def refuse_unbuilt(rules: Iterable[IgnoreRule]) -> None:
    """Raise NotBuiltYet for a rule with jqPathExpressions: to leave one out would show drift, and heal it."""
    for rule in rules:
        if rule.jq_path_expressions:
            kind = f"{rule.group}/{rule.kind}" if rule.group else rule.kind
            raise NotBuiltYet(
                f"ignoreDifferences for {kind}: jqPathExpressions are not built yet",
                hint="use jsonPointers or managedFieldsManagers",
            )


def matching(rules: Iterable[IgnoreRule], obj: Manifest) -> tuple[IgnoreRule, ...]:
    """The rules that speak of this object."""
    key = key_of(obj)
    return tuple(
        rule
        for rule in rules
        if _glob(rule.group, key.group)
        and _glob(rule.kind, key.kind)
        and rule.name in ("", key.name)
        and rule.namespace in ("", key.namespace)
    )


def paths(
    rules: tuple[IgnoreRule, ...], both: tuple[Manifest, Manifest], live: Manifest
) -> tuple[list[Path], list[Path]]:
    """The ignored paths that exist on either side of `both` (wanted, found); `live` holds the managedFields."""
    refuse_unbuilt(rules)
    ignored: tuple[list[Path], list[Path]] = ([], [])
    for rule in matching(rules, live):
        for side, obj in zip(ignored, both, strict=True):
            side += [at for pointer in rule.json_pointers if (at := _resolved(pointer, obj)) is not None]
        for manager in rule.managed_fields_managers:
            for entry in entries(live, manager):
                _claimed(entry.get("fieldsV1") or {}, both, ignored)
    return ignored


def without(obj: Manifest, at: Iterable[Path]) -> Manifest:
    """A copy of `obj` without these paths; a map or list that this empties goes too, as if it had never been there."""
    at = sorted(set(at), key=lambda path: [(isinstance(step, int), step) for step in path], reverse=True)
    if not at:
        return obj
    result = copy.deepcopy(obj)
    for path in at:
        _remove(result, path)
    return result


def respected(target: Manifest, live: Manifest, rules: tuple[IgnoreRule, ...]) -> Manifest:
    """`RespectIgnoreDifferences=true`: a copy of the target whose ignored fields hold what the cluster has.

    An ignored field that is not in the cluster leaves the target; one that Git does not declare is not added.
    """
    ignored, _ = paths(rules, (target, live), live)
    at = [path for path in ignored if path[0] != "status"]
    if not at:
        return target
    result = copy.deepcopy(target)
    for path in at:
        value = _at(live, path)
        if value is not _ABSENT:
            _at(result, path[:-1])[path[-1]] = copy.deepcopy(value)
    return without(result, [path for path in at if _at(live, path) is _ABSENT])


def _claimed(fields: dict[str, Any], both: tuple[Manifest, Manifest], ignored: tuple[list[Path], list[Path]]) -> None:
    """Collect what a manager owns and what differs; positions in lists may not be the same on the two sides."""
    wanted, found = ({tuple(names): path for names, path in _named(fields, obj)} for obj in both)
    for names in wanted.keys() | found.keys():
        values = [
            _at(obj, side[names]) if names in side else _ABSENT for obj, side in zip(both, (wanted, found), strict=True)
        ]
        if values[0] != values[1]:
            ignored[0].extend([wanted[names]] if names in wanted else [])
            ignored[1].extend([found[names]] if names in found else [])


def _named(fields: dict[str, Any], obj: Manifest) -> Iterator[tuple[list[str], Path]]:
    """Each owned path twice: by the names of the field set, the same on both sides, and as it is in `obj`."""
    for path in _leaf_names(fields):
        nested: dict[str, Any] = {}
        for name in reversed(path):
            nested = {name: nested}
        for at in owned_paths(nested, obj):
            yield path, at


def _leaf_names(fields: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[list[str]]:
    for name, below in fields.items():
        if name == ".":
            continue
        if below:
            yield from _leaf_names(below, (*above, name))
        else:
            yield [*above, name]


def _resolved(pointer: str, obj: Manifest) -> Path | None:
    """A JSON pointer (RFC 6901) as a path of `obj`, or None where it leads nowhere."""
    if not pointer.startswith("/"):
        return None
    path: list[str | int] = []
    node: Any = obj
    for token in pointer[1:].split("/"):
        step: str | int = token.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list):
            step = int(token) if re.fullmatch(r"0|[1-9]\d*", token) and int(token) < len(node) else -1
        if step == -1 or not isinstance(node, (dict, list)) or (isinstance(node, dict) and step not in node):
            return None
        path.append(step)
        node = node[step]  # type: ignore[index]
    return tuple(path)


def _at(obj: Any, path: Path) -> Any:
    for step in path:
        inside = step in obj if isinstance(obj, dict) else isinstance(step, int) and step < len(obj)
        if not isinstance(obj, (dict, list)) or not inside:
            return _ABSENT
        obj = obj[step]  # type: ignore[index]
    return obj


def _remove(obj: Manifest, path: Path) -> None:
    parent = _at(obj, path[:-1])
    if parent is _ABSENT or _at(parent, path[-1:]) is _ABSENT:
        return
    del parent[path[-1]]
    if not parent and len(path) > 1:
        _remove(obj, path[:-1])


def _glob(pattern: str, text: str) -> bool:
    """Argo CD's globs: `*`, `?`, `[a-z]` and alternatives in braces."""
    braces = re.search(r"\{([^{}]*)\}", pattern)
    if not braces:
        return fnmatchcase(text, pattern)
    return any(_glob(pattern.replace(braces[0], part, 1), text) for part in braces[1].split(","))
