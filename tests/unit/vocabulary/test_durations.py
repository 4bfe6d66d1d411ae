"""Durations as manifests write them (argo-behaviour 1.2)."""

from __future__ import annotations

import pytest

from driftless.vocabulary.durations import seconds
from driftless.vocabulary.errors import Refused


@pytest.mark.parametrize(
    ("text", "expected"),
    [(5, 5), ("5", 5), ("0", 0), ("5s", 5), ("3m", 180), ("1m30s", 90), ("1h", 3600), ("500ms", 0.5), ("1.5h", 5400)],
)
def test_a_bare_number_is_seconds_and_the_rest_is_gos_form(text: int | str, expected: float) -> None:
    assert seconds(text, "here") == expected


@pytest.mark.parametrize("text", ["", "soon", "5 s", "-5s", "5x", "s", "5m-3s", "1d", True, "٣"])
def test_anything_else_is_refused_with_the_fields_path(text: str) -> None:
    with pytest.raises(Refused, match=r"^retry\.backoff\.duration must be a duration such as 5s or 1m30s"):
        seconds(text, "retry.backoff.duration")
