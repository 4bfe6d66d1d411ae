"""When a failed operation is tried again (argo-behaviour, section 1.2)."""

from __future__ import annotations

from typing import Any

from driftless.vocabulary.durations import seconds

AUTOMATED_LIMIT = 5
DEFAULT_SECONDS = 5
DEFAULT_FACTOR = 2
DEFAULT_CAP_SECONDS = 180
LONGEST_SECONDS = 30 * 86400.0
"""Ours: no wait is longer, whatever an uncapped back-off grows to."""


def delay(retry: dict[str, Any] | None, made: int, *, automated: bool) -> float | None:
    """Seconds until the next attempt after `made` retries; None when the limit is reached.

    `retry` was accepted by `vocabulary.argo`: its durations are readable.
    """
    if retry is None:
        retry = {"limit": AUTOMATED_LIMIT} if automated else {}
    limit = retry.get("limit") or 0
    if 0 <= limit <= made:
        return None
    backoff = retry.get("backoff") or {}
    wait = _duration(backoff, "duration", DEFAULT_SECONDS)
    factor = backoff.get("factor") or DEFAULT_FACTOR
    cap = min(_duration(backoff, "maxDuration", DEFAULT_CAP_SECONDS) or LONGEST_SECONDS, LONGEST_SECONDS)
    for _ in range(made):
        if factor <= 1 or wait >= cap:
            break
        wait *= factor
    return min(wait, cap)


def _duration(backoff: dict[str, Any], name: str, default: int) -> float:
    given = backoff.get(name)
    return seconds(default if given in (None, "") else given, f"retry.backoff.{name}")
