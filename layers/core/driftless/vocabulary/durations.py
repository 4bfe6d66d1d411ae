"""Durations as Argo CD's manifests write them: a bare number is seconds, anything else Go's form (`1m30s`)."""

from __future__ import annotations

import re

from driftless.vocabulary.errors import Refused

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")


def seconds(duration: int | str, where: str) -> float:
    """Seconds of one duration. Raises Refused naming `where`, the path of the field that holds it."""
    text = str(duration).strip()
    if text.isascii() and text.isdigit():
        return float(text)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise Refused(f"{where} must be a duration such as 5s or 1m30s, not {text!r}")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
