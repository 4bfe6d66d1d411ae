"""Rendered objects → targets: each where it will live, once, and marked as ours.

In: a bundle's objects and where the application wants them. Out: copies with their namespace and tracking id, and
the conditions that the way there raised. Here an object gets the identity that every later room relies on
(argo-behaviour, section 3).
"""

import base64
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from driftless.vocabulary.model import Condition, ConditionType
from driftless.vocabulary.objects import TRACKING_ID, Manifest, ObjectKey, annotations, group_version, key_of

Scope = Callable[[str, str], bool | None]
"""(group, kind) → True for a namespaced kind, False for a cluster-scoped one, None when the cluster knows neither."""

_CRD = ("apiextensions.k8s.io", "CustomResourceDefinition")


@dataclass(frozen=True, slots=True)
class Targets:
    """What Git wants, ready to be applied. An InvalidSpecError among the conditions means: go no further."""

    objects: tuple[Manifest, ...] = field(repr=False)
    conditions: tuple[Condition, ...] = ()


def targets(objects: Sequence[Manifest], instance: str, namespace: str, scope: Scope) -> Targets:
    """Namespace, deduplicate and mark `objects` for the application `instance`, whose destination is `namespace`.

    Of several objects with one key the last is kept. The objects given are left as they are.
    """
    known = _with_bundled_crds(objects, scope)
    kept: dict[tuple[ObjectKey, int], Manifest] = {}
    seen: Counter[ObjectKey] = Counter()
    conditions: list[Condition] = []
    for position, rendered in enumerate(objects):
        obj = _placed(rendered, namespace, known)
        key = key_of(obj)
        named = bool((obj.get("metadata") or {}).get("name"))
        kept[(key, -1 if named else position)] = _folded(_tracked(obj, instance, namespace))
        seen[key] += named
        if not key.namespace and known(key.group, key.kind) is not False:
            conditions.append(Condition(ConditionType.INVALID_SPEC_ERROR, _without_namespace(key)))
    conditions += [
        Condition(ConditionType.REPEATED_RESOURCE_WARNING, _repeated(key, times))
        for key, times in seen.items()
        if times > 1
    ]
    return Targets(tuple(kept.values()), tuple(conditions))


def tracking_id(instance: str, key: ObjectKey, app_namespace: str) -> str:
    """`payments:apps/Deployment:payments/payments`; a cluster-scoped object carries its application's namespace."""
    return f"{instance}:{key.group}/{key.kind}:{key.namespace or app_namespace}/{key.name}"


def owner(live: Manifest) -> str | None:
    """The application that deployed this very object, by the tracking id that it carries, or None.

    An id that names another object (a controller copied the annotations of its parent) makes no owner.
    """
    parts = annotations(live).get(TRACKING_ID, "").split(":", 2)
    if len(parts) != 3 or not parts[0] or parts[1].count("/") != 1 or parts[2].count("/") != 1:
        return None
    group, kind = parts[1].split("/")
    namespace, name = parts[2].split("/")
    key = key_of(live)
    own = (group, kind, name) == (key.group, key.kind, key.name) and key.namespace in ("", namespace)
    return parts[0] if own else None


def owned(live: Manifest, instance: str) -> bool:
    return owner(live) == instance


def _with_bundled_crds(objects: Sequence[Manifest], scope: Scope) -> Scope:
    """A CRD that is about to be applied already says the scope of its kind, before the cluster knows it."""
    bundled: dict[tuple[str, str], bool] = {}
    for obj in objects:
        if (group_version(obj)[0], obj.get("kind")) == _CRD:
            spec = obj.get("spec") or {}
            kind = (spec.get("names") or {}).get("kind", "")
            bundled[(spec.get("group", ""), kind)] = spec.get("scope") != "Cluster"

    def known(group: str, kind: str) -> bool | None:
        said = scope(group, kind)
        return bundled.get((group, kind)) if said is None else said

    return known


def _placed(obj: Manifest, namespace: str, scope: Scope) -> Manifest:
    metadata = dict(obj.get("metadata") or {})
    if scope(group_version(obj)[0], str(obj.get("kind", ""))) is False:
        metadata.pop("namespace", None)
    elif not metadata.get("namespace") and namespace:
        metadata["namespace"] = namespace
    return obj | {"metadata": metadata}


def _tracked(obj: Manifest, instance: str, namespace: str) -> Manifest:
    key = key_of(obj)
    if (key.group, key.kind) == _CRD:
        return obj
    marked = annotations(obj) | {TRACKING_ID: tracking_id(instance, key, namespace)}
    return obj | {"metadata": obj["metadata"] | {"annotations": marked}}


def _folded(obj: Manifest) -> Manifest:
    """A Secret's stringData becomes data before it is applied, so that the field Git declares is the field we own.

    The API server folds it as well, but then it records us as owners of stringData only, and a key that leaves Git
    would stay in the cluster for ever.
    """
    if obj.get("apiVersion") != "v1" or obj.get("kind") != "Secret" or not _is_text(obj.get("stringData")):
        return obj
    given = obj.get("data") or {}
    if not isinstance(given, dict):
        return obj
    text = {key: base64.b64encode((value or "").encode()).decode() for key, value in obj["stringData"].items()}
    rest = {key: value for key, value in obj.items() if key != "stringData"}
    return rest | {"data": given | text}


def _is_text(values: Any) -> bool:
    """Anything else (a number, a map) is left to the API server, which refuses it by the name of its field."""
    return isinstance(values, dict) and all(value is None or isinstance(value, str) for value in values.values())


def _without_namespace(key: ObjectKey) -> str:
    return (
        f"{key} has no namespace: set metadata.namespace in its manifest, "
        "or spec.destination.namespace in the Application"
    )


def _repeated(key: ObjectKey, times: int) -> str:
    return f"{key} appears {times} times among the application's objects; only the last of them is used"
