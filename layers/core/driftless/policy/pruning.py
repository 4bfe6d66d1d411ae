"""What a sync may prune: nothing marked `Prune=false`, and nothing at all where the guard wants a person's word.

The guard is ours, not Argo CD's: a renamed folder once cost a team 500 GB (lesson 3); it must not happen twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from driftless.vocabulary.model import Compared
from driftless.vocabulary.objects import ObjectKey, sync_options

GUARD_SHARE = 0.5
"""A prune of this share of an application's objects, wanted and extra, waits for a person: a folder that is renamed
whole is exactly half. Objects that are not there yet count: else the guard would let go once they are made …"""
GUARD_FREE = 3
"""… unless it is at most this many objects."""

PRECIOUS = frozenset(
    {
        ("", "PersistentVolumeClaim"),
        ("", "PersistentVolume"),
        ("", "Namespace"),
        ("apps", "StatefulSet"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
    }
)
"""(group, kind) whose deletion takes data, or other objects, with it."""

_PRUNE_OPTIONS = ("Prune=true", "Prune=false", "Prune=confirm")
"""Spelled exactly so (argo-behaviour 5.4); anything else says nothing."""


@dataclass(frozen=True, slots=True)
class Pruning:
    """`allowed` may go now; `kept` says for each other extra object why it stays; `waits` is the guard's question."""

    allowed: frozenset[ObjectKey]
    kept: dict[ObjectKey, str]
    waits: str = ""


def pruning(rows: Sequence[Compared], app_options: frozenset[str], *, asked: bool, confirmed: bool) -> Pruning:
    """`asked`: the operation has prune on; `confirmed`: a person has seen the guard's question and said yes."""
    extra = [row for row in rows if row.requires_pruning]
    kept = {row.key: why for row in extra if (why := _reason_to_keep(row, app_options, confirmed))}
    candidates = [row for row in extra if row.key not in kept]
    if not asked:
        return Pruning(frozenset(), kept | {row.key: "ignored (requires pruning)" for row in candidates})
    reason = "" if confirmed else _reason(candidates, sum(not row.hook for row in rows))
    if reason:
        held = {row.key: "ignored (the prune guard waits for a confirmation)" for row in candidates}
        return Pruning(frozenset(), kept | held, reason)
    return Pruning(frozenset(row.key for row in candidates), kept)


def _reason_to_keep(row: Compared, app_options: frozenset[str], confirmed: bool) -> str:
    """What the `Prune=` options say: the object's own beat the application's, and `false` beats all others."""
    said = _prune_options(sync_options(row.live or {})) or _prune_options(app_options)
    if "false" in said:
        return "ignored (no prune)"
    return "ignored (waiting for pruning confirmation)" if "confirm" in said and not confirmed else ""


def _prune_options(options: Iterable[str]) -> set[str]:
    return {option.removeprefix("Prune=") for option in options if option in _PRUNE_OPTIONS}


def _reason(candidates: Sequence[Compared], total: int) -> str:
    precious = [row for row in candidates if (row.key.group, row.key.kind) in PRECIOUS]
    too_many = len(candidates) > GUARD_FREE and len(candidates) >= total * GUARD_SHARE
    if not precious and not too_many:
        return ""
    shown = precious or list(candidates)
    names = ", ".join(str(row.key) for row in shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")
    what = f"{len(candidates)} of {total} objects" if too_many else f"{len(candidates)} object(s)"
    return f"this sync would delete {what}: {names}; nothing is deleted until app sync --prune --confirm-prune"
