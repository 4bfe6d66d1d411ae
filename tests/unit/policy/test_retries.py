"""When a failed operation is tried again: the numbers of argo-behaviour 1.2."""

from __future__ import annotations

from typing import Any

import pytest

from driftless.policy.retries import LONGEST_SECONDS, delay


def waits(retry: dict[str, Any] | None, *, automated: bool = False) -> list[float]:
    """Every wait until the limit, at most the first twelve."""
    found = [delay(retry, made, automated=automated) for made in range(12)]
    return [wait for wait in found if wait is not None]


def test_automation_without_a_retry_block_tries_five_times_more() -> None:
    assert waits(None, automated=True) == [5, 10, 20, 40, 80]


@pytest.mark.parametrize("retry", [None, {}, {"limit": 0}, {"limit": None}, {"backoff": {"duration": "1s"}}])
def test_a_person_who_asks_for_no_retry_gets_none(retry: dict[str, Any] | None) -> None:
    assert waits(retry) == []


@pytest.mark.parametrize("retry", [{}, {"limit": 0}, {"backoff": {}}])
def test_a_block_replaces_automations_default_wholly(retry: dict[str, Any]) -> None:
    assert waits(retry, automated=True) == []


@pytest.mark.parametrize(
    ("backoff", "expected"),
    [
        ({}, [5, 10, 20, 40, 80, 160, 180, 180]),
        ({"duration": "5s", "factor": 2, "maxDuration": "3m"}, [5, 10, 20, 40, 80, 160, 180, 180]),
        ({"duration": "1m30s"}, [90, 180, 180, 180, 180, 180, 180, 180]),
        ({"duration": 7, "factor": 1}, [7] * 8),
        ({"duration": "10s", "factor": 3, "maxDuration": "1h"}, [10, 30, 90, 270, 810, 2430, 3600, 3600]),
        ({"duration": "10s", "maxDuration": 0}, [10, 20, 40, 80, 160, 320, 640, 1280]),
        ({"duration": "10m"}, [180] * 8),
        ({"duration": "", "factor": None, "maxDuration": ""}, [5, 10, 20, 40, 80, 160, 180, 180]),
        ({"duration": None, "maxDuration": None}, [5, 10, 20, 40, 80, 160, 180, 180]),
        ({"duration": "0s"}, [0] * 8),
    ],
    ids=repr,
)
def test_a_wait_is_the_first_times_factor_to_the_power_of_retries_made(
    backoff: dict[str, Any], expected: list[float]
) -> None:
    assert waits({"limit": 8, "backoff": backoff}) == expected


@pytest.mark.parametrize("made", [0, 100, 100_000])
def test_a_negative_limit_is_for_ever_and_capped(made: int) -> None:
    assert delay({"limit": -1}, made, automated=False) == (5 if made == 0 else 180)


@pytest.mark.parametrize("made", [1_000, 10_000])
def test_an_uncapped_backoff_stays_a_time_that_can_be_written_down(made: int) -> None:
    backoff = {"duration": "1h", "factor": 10**9, "maxDuration": "0"}
    assert delay({"limit": -1, "backoff": backoff}, made, automated=True) == LONGEST_SECONDS
