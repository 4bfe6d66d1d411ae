"""Compare: what Git wants against what is there, object by object. A thinking room.

In: targets, live objects, the API server's dry-run answers, the application's ignore rules. Out: one `Compared` per
object, and the application's sync status. The comparison is the server's own answer: an object is modified if applying
it would change something that Git declares and no rule ignores (argo-behaviour, sections 3 and 4).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from driftless.compare.ignore import refuse_unbuilt, respected
from driftless.compare.noop import apply_changes_nothing
from driftless.compare.normalise import sides
from driftless.compare.targets import Targets, owned, owner, tracking_id
from driftless.vocabulary.argo import IgnoreRule
from driftless.vocabulary.errors import ClusterRefused
from driftless.vocabulary.model import Compared, Condition, ConditionType, SyncStatus
from driftless.vocabulary.objects import (
    COMPARE_OPTIONS,
    HELM_HOOK,
    HELM_HOOK_WEIGHT,
    HOOK,
    SYNC_WAVE,
    Manifest,
    ObjectKey,
    annotations,
    group_version,
    key_of,
    listed,
)

__all__ = [
    "Targets",
    "is_hook",
    "modified",
    "needs_prediction",
    "owned",
    "owner",
    "respected",
    "rows",
    "shared",
    "sync_status",
    "tracking_id",
    "wave_of",
]

_INTEGER: Final = re.compile(r"[+-]?\d+")


def needs_prediction(target: Manifest | None, live: Manifest | None) -> bool:
    """Whether only a dry run can tell: both sides are there, and an apply is not proven to change nothing."""
    if target is None or live is None or is_hook(target):
        return False
    return not apply_changes_nothing(target, live)


def modified(predicted: Manifest, live: Manifest, rules: tuple[IgnoreRule, ...] = ()) -> bool:
    """Whether applying would change what Git declares and no rule ignores; `predicted` is the dry run's answer.

    Raises NotBuiltYet for a rule with jqPathExpressions.
    """
    wanted, found = sides(predicted, live, rules)
    return wanted != found


def rows(
    targets: Targets,
    live: Mapping[ObjectKey, Manifest | None],
    predicted: Mapping[ObjectKey, Manifest | ClusterRefused],
    rules: tuple[IgnoreRule, ...],
    instance: str,
) -> tuple[Compared, ...]:
    """One row per object, sorted by key: every target, and every live object of `instance` that Git no longer has.

    `predicted` may leave out what is known to be unchanged (`needs_prediction` is False, or its fingerprint stands).
    `live` may hold objects of others; they make no row. Raises NotBuiltYet for a rule with jqPathExpressions.
    """
    refuse_unbuilt(rules)
    compared = [_of_target(obj, live.get(key_of(obj)), predicted.get(key_of(obj)), rules) for obj in targets.objects]
    wanted = {row.key for row in compared}
    compared += [
        _of_extra(key, obj)
        for key, obj in live.items()
        if obj is not None and key not in wanted and owned(obj, instance)
    ]
    return tuple(sorted(compared, key=lambda row: row.key))


def sync_status(rows: Iterable[Compared]) -> SyncStatus:
    """The application's status: Unknown if one object's is, else OutOfSync if one is, else Synced.

    Hooks do not count, nor do objects to be pruned that ask for it (`compare-options: IgnoreExtraneous`).
    """
    found = {row.status for row in rows if not (row.requires_pruning and _is_extraneous(row.live or {}))}
    for status in (SyncStatus.UNKNOWN, SyncStatus.OUT_OF_SYNC):
        if status in found:
            return status
    return SyncStatus.SYNCED


def shared(rows: Iterable[Compared], instance: str) -> tuple[Condition, ...]:
    """A SharedResourceWarning for each object that another application deployed and this one's manifests claim."""
    conditions = []
    for row in rows:
        other = owner(row.live) if row.live is not None else None
        if row.target is not None and other not in (None, instance):
            message = f"{row.key} is part of application {other}, and of {instance} as well: keep it in one of them"
            conditions.append(Condition(ConditionType.SHARED_RESOURCE_WARNING, message))
    return tuple(conditions)


def wave_of(obj: Manifest) -> int:
    """The sync-wave annotation, else Helm's hook weight, else 0; what is no integer is as good as not there."""
    for name in (SYNC_WAVE, HELM_HOOK_WEIGHT):
        text = str(annotations(obj).get(name, "")).strip()
        if _INTEGER.fullmatch(text):
            return int(text)
    return 0


def is_hook(obj: Manifest) -> bool:
    """A hook of Argo CD's or of Helm's, or an object marked `Skip`: it has no sync status and is never pruned."""
    return any(listed(annotations(obj).get(name)) for name in (HOOK, HELM_HOOK))


def _of_target(
    target: Manifest, live: Manifest | None, predicted: Manifest | ClusterRefused | None, rules: tuple[IgnoreRule, ...]
) -> Compared:
    refused = isinstance(predicted, ClusterRefused)
    return Compared(
        key=key_of(target),
        version=group_version(target)[1],
        target=target,
        live=live,
        modified=isinstance(predicted, dict) and live is not None and modified(predicted, live, rules),
        hook=is_hook(target) or (live is not None and is_hook(live)),
        wave=wave_of(target),
        error=str(predicted) if refused else "",
    )


def _of_extra(key: ObjectKey, live: Manifest) -> Compared:
    return Compared(
        key=key,
        version=group_version(live)[1],
        target=None,
        live=live,
        modified=False,
        hook=is_hook(live),
        wave=wave_of(live),
    )


def _is_extraneous(live: Manifest) -> bool:
    return "IgnoreExtraneous" in listed(annotations(live).get(COMPARE_OPTIONS))
