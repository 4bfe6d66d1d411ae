"""What an admission webhook put into the dry run's answer is not drift.

In: the predicted object, the live one, and what our field manager owns in each. Out: the predicted object with every
difference that Git did not ask for taken back: a change counts only where we own the field now, or we (or whoever
applied the object before us) owned it until now: it left Git. Argo CD does much the same in its server-side diff.
"""

from __future__ import annotations

from typing import Any

from driftless.compare.ownership import (
    FieldsV1,
    by_identity,
    declared_before_us,
    entries,
    field_set,
    identity,
    item_keys,
)
from driftless.vocabulary.objects import FIELD_MANAGER, Manifest


def without_mutations(predicted: Manifest, live: Manifest, bodies: tuple[Manifest, Manifest]) -> Manifest:
    """The predicted one of `bodies` (predicted and live, normalised) as Git alone would have it.

    `predicted` and `live` are the same objects with their managedFields.
    """
    ours = field_set(predicted, entries(predicted, FIELD_MANAGER))
    before = field_set(live, entries(live, FIELD_MANAGER) + declared_before_us(live))
    if not ours or before is None:
        return bodies[0]
    merged: Manifest = _merged(bodies[0], bodies[1], ours, before)
    return merged


def _merged(predicted: Any, live: Any, ours: FieldsV1, before: FieldsV1) -> Any:
    if predicted == live:
        return predicted
    if isinstance(predicted, dict) and isinstance(live, dict):
        return _fields(predicted, live, ours, before)
    if isinstance(predicted, list) and isinstance(live, list):
        return _items(predicted, live, ours, before)
    return predicted


def _fields(predicted: dict[str, Any], live: dict[str, Any], ours: FieldsV1, before: FieldsV1) -> dict[str, Any]:
    result = {}
    for key, value in predicted.items():
        mine, was = ours.get(f"f:{key}"), before.get(f"f:{key}")
        if key in live:
            result[key] = _part(value, live[key], mine, was)
        elif mine is not None:
            result[key] = value
    return result | {k: v for k, v in live.items() if k not in predicted and f"f:{k}" not in before}


def _part(predicted: Any, live: Any, mine: FieldsV1 | None, was: FieldsV1 | None) -> Any:
    if mine is None and was is None:
        return live
    if mine == {} or was == {}:
        return predicted
    return _merged(predicted, live, mine or {}, was or {})


def _items(predicted: list[Any], live: list[Any], ours: FieldsV1, before: FieldsV1) -> list[Any]:
    keys = item_keys(ours) if item_keys(ours) is not None else item_keys(before)
    if keys is None:
        return predicted
    now, then = ({identity(item, keys): item for item in side} for side in (predicted, live))
    if len(now) != len(predicted) or len(then) != len(live):
        return predicted
    mine, was = by_identity(ours), by_identity(before)
    result = {}
    for key, item in now.items():
        if key in then:
            result[key] = _part(item, then[key], mine.get(key), was.get(key))
        elif key in mine:
            result[key] = item
    taken_back = [key for key in then if key not in now and key not in was]
    if not taken_back:
        return list(result.values())
    result |= {key: then[key] for key in taken_back}
    in_place = [result[key] for key in then if key in result]
    return in_place + [item for key, item in result.items() if key not in then]
