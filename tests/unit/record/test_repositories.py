"""The REPOSITORY items: requests are counted, one fetch at a time, and none lets go past a request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from driftless.record import repositories
from driftless.record.repositories import Repository
from driftless.vocabulary.errors import LeaseLost
from tests.unit.record.mocked import NOW, Mocked

URL = "git.example/a"
REFS = {"main": "c0ffee", "v1": "beef"}


def taken(here: Mocked) -> Repository:
    held = repositories.acquire(here.table, URL, here.clock(), 60)
    assert held is not None
    return held


def ask(here: Mocked, times: int = 1) -> None:
    for _ in range(times):
        here.table.write(repositories.request(URL))


def test_a_repository_nobody_asked_for_is_empty(here: Mocked) -> None:
    assert repositories.read(here.table, URL) == Repository(URL)
    assert repositories.read_all(here.table) == []


def test_a_thousand_pushes_are_one_look_up(here: Mocked) -> None:
    ask(here, 5)
    held = taken(here)
    assert (held.requested, held.served) == (5, 0)
    assert repositories.release(here.table, held, replace(held, refs=REFS))
    after = repositories.read(here.table, URL)
    assert (after.requested, after.served, after.refs) == (5, 5, REFS)


def test_a_look_up_that_nobody_counted_lets_go_as_well(here: Mocked) -> None:
    held = taken(here)
    assert repositories.release(here.table, held, replace(held, refs=REFS))
    assert repositories.read(here.table, URL).refs == REFS


def test_only_one_fetch_at_a_time(here: Mocked) -> None:
    held = taken(here)
    assert repositories.acquire(here.table, URL, NOW + 59, 60) is None
    assert repositories.release(here.table, held, held)
    assert taken(here).fence == held.fence + 1


def test_a_request_during_a_look_up_is_looked_up_before_letting_go(here: Mocked) -> None:
    ask(here)
    held = taken(here)
    ask(here)
    assert not repositories.release(here.table, held, replace(held, refs=REFS))
    again = repositories.reread(here.table, held, NOW, 60)
    assert (again.requested, again.fence) == (2, held.fence)
    assert repositories.release(here.table, again, replace(again, refs=REFS))
    assert repositories.read(here.table, URL).served == 2


@pytest.mark.parametrize("write", ["release", "reread"])
def test_a_fetch_that_was_taken_over_writes_nothing(here: Mocked, write: str) -> None:
    ask(here)
    dead = taken(here)
    here.clock.now += 61
    alive = taken(here)
    with pytest.raises(LeaseLost):
        if write == "release":
            repositories.release(here.table, dead, replace(dead, refs={"main": "stale"}))
        else:
            repositories.reread(here.table, dead, here.clock(), 60)
    assert repositories.read(here.table, URL).refs == {}
    assert repositories.release(here.table, alive, alive)


def test_a_failure_is_remembered_with_its_beginning(here: Mocked) -> None:
    held = taken(here)
    repositories.release(here.table, held, replace(held, error="unknown host", failing_since=NOW + 0.5))
    after = repositories.read(here.table, URL)
    assert (after.error, after.failing_since) == ("unknown host", NOW + 0.5)


def test_all_repositories_are_one_query(here: Mocked) -> None:
    for url in ("git.example/b", "git.example/a"):
        here.table.write(repositories.request(url))
    assert [(r.url, r.requested) for r in repositories.read_all(here.table)] == [
        ("git.example/a", 1),
        ("git.example/b", 1),
    ]
