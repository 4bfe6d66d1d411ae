"""Who owns which field, rewritten: what kubectl, Helm or Argo CD declared before us becomes ours to take away again.

Server-side apply removes a field that left Git only if the applier owned it. An object first applied in another way has
its fields owned by that way's manager, so they would stay for ever. In: a live object, a target. Out: the managedFields
with those entries merged into ours (as client-go's csaupgrade does), or a predicted object without what would go.
"""

import copy
import json
from typing import Any

from driftless.vocabulary.objects import DECLARED_BEFORE_US, FIELD_MANAGER, LAST_APPLIED, Manifest, annotations

Fields = dict[str, Any]
"""A fieldsV1 tree: `f:name`, `k:{…}`, `v:…`, `.`"""


def inherited(live: Manifest) -> list[dict[str, Any]]:
    """The entries to take over; those of subresources (status) belong to controllers and stay."""
    return [
        entry
        for entry in live["metadata"].get("managedFields") or ()
        if (entry.get("manager"), entry.get("operation")) in DECLARED_BEFORE_US and not entry.get("subresource")
    ]


def handover(live: Manifest) -> list[dict[str, Any]] | None:
    """The JSON patch that makes inherited fields ours, guarded by resourceVersion; None when nothing is inherited."""
    old = inherited(live)
    if not old:
        return None
    entries = [entry for entry in live["metadata"]["managedFields"] if entry not in old]
    ours = next((e for e in entries if (e.get("manager"), e.get("operation")) == (FIELD_MANAGER, "Apply")), None)
    merged = {
        "manager": FIELD_MANAGER,
        "operation": "Apply",
        "apiVersion": (ours or old[-1])["apiVersion"],
        "time": old[-1].get("time"),
        "fieldsType": "FieldsV1",
        "fieldsV1": union(*(entry.get("fieldsV1") or {} for entry in ([ours] if ours else []) + old)),
    }
    entries = [entry for entry in entries if entry is not ours] + [merged]
    patch: list[dict[str, Any]] = [
        {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
    ]
    if LAST_APPLIED in annotations(live):
        patch.append({"op": "remove", "path": "/metadata/annotations/" + LAST_APPLIED.replace("/", "~1")})
    return patch


def union(*trees: Fields) -> Fields:
    merged: Fields = {}
    for tree in trees:
        for name, below in tree.items():
            merged[name] = union(merged[name], below) if name in merged else below
    return merged


def without_abandoned(predicted: Manifest, live: Manifest) -> Manifest:
    """`predicted` (a dry run's answer) less the fields that only an earlier way of applying still holds.

    A dry run cannot hand ownership over first, so it keeps them; the real apply will not. Defaults that the earlier
    way came to own go as well: only the API server can put them back.
    """
    held = union(
        *(
            entry.get("fieldsV1") or {}
            for entry in predicted["metadata"].get("managedFields") or ()
            if (entry.get("manager"), entry.get("operation")) not in DECLARED_BEFORE_US or entry.get("subresource")
        )
    )
    left = copy.deepcopy(predicted)
    _remove(left, union(*(entry.get("fieldsV1") or {} for entry in inherited(live))), held)
    return left


def _remove(value: Any, abandoned: Fields, held: Fields) -> None:
    """Take out of `value` whatever `abandoned` names and `held` does not.

    A map or list item is itself owned when its tree says "."; else it only leads to what is (`f:metadata`).
    """
    for step, below in abandoned.items():
        if step == ".":
            continue
        place = _place(value, step)
        if place is None:
            continue
        if step not in held and ("." in below or not below):
            del value[place]
        elif below:
            _remove(value[place], below, held.get(step) or {})


def _place(value: Any, step: str) -> Any:
    """The key or index in `value` that a fieldsV1 step points to; None when it is not there."""
    sort, _, text = step.partition(":")
    if sort == "f":
        return text if isinstance(value, dict) and text in value else None
    if not isinstance(value, list):
        return None
    wanted = json.loads(text)
    if sort == "i":
        return wanted if wanted < len(value) else None
    for index, item in enumerate(value):
        same = item == wanted if sort == "v" else isinstance(item, dict) and wanted.items() <= item.items()
        if same:
            return index
    return None
