"""Secret values never leave this room: what is shown says only which values are equal.

In: both sides of an object. Out: copies in which each value of a Secret is a run of `+`: equal values of a key have
equal length, each further distinct value four more (argo-behaviour 4.4). kubectl's last-applied copy is covered whole.
"""

from typing import Any

from driftless.vocabulary.objects import LAST_APPLIED, Manifest, annotations, group_version

_SHORTEST = 8
_STEP = 4
_SECRET_FIELDS = ("data", "stringData")
_COVER = "+" * _SHORTEST


def masked(*sides: Manifest | None) -> tuple[Manifest | None, ...]:
    """The sides of one object with Secret values masked; objects of other kinds are returned as they are."""
    if not any(side is not None and _is_secret(side) for side in sides):
        return sides
    runs: dict[str, dict[Any, str]] = {}
    return tuple(None if side is None else _covered(side, runs) for side in sides)


def _is_secret(obj: Manifest) -> bool:
    return obj.get("kind") == "Secret" and group_version(obj)[0] == ""


def _covered(obj: Manifest, runs: dict[str, dict[Any, str]]) -> Manifest:
    result = dict(obj)
    for field in _SECRET_FIELDS:
        values = obj.get(field)
        if isinstance(values, dict):
            result[field] = {key: _run(value, runs.setdefault(key, {})) for key, value in values.items()}
        elif values:
            result[field] = _COVER
    if LAST_APPLIED in annotations(obj):
        # kubectl keeps the whole manifest here, its stringData in clear
        result["metadata"] = obj["metadata"] | {"annotations": annotations(obj) | {LAST_APPLIED: _COVER}}
    return result


def _run(value: Any, known: dict[Any, str]) -> str:
    return known.setdefault(str(value), "+" * (_SHORTEST + _STEP * len(known)))
