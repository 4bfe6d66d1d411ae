"""Would a server-side apply change nothing? Answered from the live object alone, where it can be proven.

In: a target and its live object. Out: True only when the field manager's own record says so: it owns exactly the
fields that Git declares, and each holds the declared value. Everything doubtful (`1000m` against `1`, an object that we
did not apply yet) is False, and costs one dry run. This is what makes the steady state cheap.
"""

from __future__ import annotations

from typing import Any

from driftless.compare.ownership import FieldsV1, by_identity, declared_before_us, entries, identity, item_keys
from driftless.vocabulary.objects import FIELD_MANAGER, Manifest, canonical_json

_IDENTITY = ("name", "namespace")
_ATOMIC_DEFAULTS: dict[str, Manifest] = {"fieldRef": {"apiVersion": "v1"}, "resourceFieldRef": {"divisor": "0"}}
"""What the server adds inside two values of `env` that are owned whole; without this most pods would cost a dry run."""


def apply_changes_nothing(target: Manifest, live: Manifest) -> bool:
    """Whether applying `target` over `live` is proven to leave every field as it is."""
    ours = entries(live, FIELD_MANAGER)
    versions = {target.get("apiVersion"), live.get("apiVersion")} | {entry.get("apiVersion") for entry in ours}
    if len(ours) != 1 or ours[0].get("operation") != "Apply" or ours[0].get("subresource") or len(versions) != 1:
        return False
    if declared_before_us(live):
        return False
    return _held(_declared(target), live, ours[0].get("fieldsV1") or {})


def _declared(target: Manifest) -> Manifest:
    """The part of a manifest that an apply takes ownership of."""
    body = {key: value for key, value in target.items() if key not in ("apiVersion", "kind", "status")}
    metadata = {key: value for key, value in body.pop("metadata", {}).items() if key not in _IDENTITY}
    if metadata.get("creationTimestamp", "") is None:
        del metadata["creationTimestamp"]
    return body | ({"metadata": metadata} if metadata else {})


def _held(declared: Any, live: Any, owned: FieldsV1) -> bool:
    if not owned:
        return canonical_json(declared) == canonical_json(live)
    if isinstance(declared, dict) and isinstance(live, dict):
        names = {name[2:] for name in owned if name != "."}
        return names == set(declared) and all(
            key in live and _held(_defaulted(key, value), live[key], owned[f"f:{key}"])
            for key, value in declared.items()
        )
    if isinstance(declared, list) and isinstance(live, list):
        return _items_held(declared, live, owned)
    return False


def _defaulted(key: str, value: Any) -> Any:
    return _ATOMIC_DEFAULTS[key] | value if key in _ATOMIC_DEFAULTS and isinstance(value, dict) else value


def _items_held(declared: list[Any], live: list[Any], owned: FieldsV1) -> bool:
    """Every item of ours is declared, in the order in which it lives; other managers' items may stand between."""
    keys, ours = item_keys(owned), by_identity(owned)
    if keys is None or len(ours) != len(declared):
        return False
    held = [item for item in live if identity(item, keys) in ours]
    return len(held) == len(declared) and all(
        _keyed_alike(wanted, item, keys) and _held(wanted, item, ours[identity(item, keys)])
        for wanted, item in zip(declared, held, strict=True)
    )


def _keyed_alike(declared: Any, live: Any, keys: tuple[str, ...]) -> bool:
    """A key that Git leaves to its default (a port's protocol) matches whatever the server filled in."""
    if not keys:
        return canonical_json(declared) == canonical_json(live)
    return isinstance(declared, dict) and all(declared.get(key, live[key]) == live[key] for key in keys if key in live)
