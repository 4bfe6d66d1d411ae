"""When a failed operation is tried again (argo-behaviour, section 1.2)."""

from __future__ import annotations

import re
from typing import Any

from driftless.vocabulary.errors import Refused

AUTOMATED_LIMIT = 5
DEFAULT_SECONDS = 5
DEFAULT_FACTOR = 2
DEFAULT_CAP_SECONDS = 180.0

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")


def seconds(duration: int | str, where: str) -> float:
    """A bare number is seconds, anything else Go's form (`1m30s`). Raises Refused naming `where`."""
    text = str(duration).strip()
    if text.isdigit():
        return float(text)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise Refused(f"{where} must be a duration such as 5s or 1m30s, not {text!r}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def delay(retry: dict[str, Any] | None, made: int, *, automated: bool) -> float | None:
    """Seconds until the next attempt after `made` retries; None when the limit is reached."""
    if retry is None:
        retry = {"limit": AUTOMATED_LIMIT} if automated else {}
    limit = retry.get("limit") or 0
    if 0 <= limit <= made:
        return None
    backoff = retry.get("backoff") or {}
    first = seconds(backoff.get("duration") or DEFAULT_SECONDS, "retry.backoff.duration")
    factor = backoff.get("factor") or DEFAULT_FACTOR
    cap = (
        seconds(backoff["maxDuration"], "retry.backoff.maxDuration")
        if "maxDuration" in backoff
        else DEFAULT_CAP_SECONDS
    )
    wait = first * float(factor) ** min(made, 60)
    return min(wait, cap) if cap > 0 else wait
