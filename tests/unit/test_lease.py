"""The lease of one visit: taken once, every write fenced, let go with what is to be sent, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from driftless.flows.syncing.lease import Lease, StateMoved
from driftless.record import outbox, state
from driftless.record.outbox import Letter
from driftless.vocabulary.errors import LeaseLost, NotFound, Refused
from tests.unit.record.mocked import Mocked, mocked_aws
from tests.unit.record.written import created

LETTER = Letter("sync", {"application": "payments", "cause": "go on"}, 5)


@pytest.fixture(scope="module")
def aws_in_process() -> Iterator[None]:
    with mocked_aws():
        yield


@pytest.fixture
def here(aws_in_process: None, tmp_path: Path) -> Mocked:
    ready = Mocked(tmp_path)
    created(ready)
    return ready


def taken(here: Mocked) -> Lease:
    lease = Lease.take("payments", here.world)
    assert lease is not None
    return lease


def stored(here: Mocked) -> state.State:
    return state.read(here.table, here.store, "payments")


def letters(here: Mocked) -> list[Letter]:
    return [outbox.parse(image) for image in here.letters()]


def test_a_second_worker_gets_none_and_one_that_is_gone_is_not_found(here: Mocked) -> None:
    assert taken(here) and Lease.take("payments", here.world) is None
    with pytest.raises(NotFound):
        Lease.take("other", here.world)


def test_letting_go_saves_sends_and_releases_in_one(here: Mocked) -> None:
    lease = taken(here)
    assert lease.let_go(replace(lease.state, memory={"a": 1}), (LETTER, LETTER))
    assert (stored(here).memory, letters(here)) == ({"a": 1}, [LETTER, LETTER])
    assert taken(here).state.memory == {"a": 1}


def test_a_request_that_came_meanwhile_keeps_the_lease_and_shows_itself(here: Mocked) -> None:
    lease = taken(here)
    here.table.write(state.ask("payments", {"id": "1"}))
    assert not lease.let_go(replace(lease.state, memory={"a": 1}), (LETTER,))
    assert (lease.state.asked, lease.state.memory) == ({"id": "1"}, {"a": 1})
    assert letters(here) == [LETTER] and Lease.take("payments", here.world) is None
    assert lease.let_go(replace(lease.state, asked=None), (LETTER,))
    assert (stored(here).asked, len(letters(here))) == (None, 2)


def test_a_worker_that_was_taken_over_writes_nothing(here: Mocked) -> None:
    dead = taken(here)
    here.clock.now += Lease.SECONDS + 1
    alive = taken(here)
    with pytest.raises(LeaseLost):
        dead.save(replace(dead.state, memory={"stale": True}))
    with pytest.raises(LeaseLost):
        dead.let_go(replace(dead.state, memory={"stale": True}), (LETTER,))
    assert (stored(here).memory, letters(here)) == ({}, [])
    assert alive.let_go(alive.state, ())


def test_what_goes_with_a_save_is_saved_with_it_or_not_at_all(here: Mocked) -> None:
    lease = taken(here)
    lease.save(replace(lease.state, memory={"a": 1}), outbox.post("payments", 1, 1, LETTER, here.clock()))
    assert (stored(here).memory, letters(here)) == ({"a": 1}, [LETTER])
    here.clock.now += Lease.SECONDS + 1
    taken(here)
    with pytest.raises(LeaseLost):
        lease.save(lease.state, outbox.post("payments", 1, 2, LETTER, here.clock()))
    assert letters(here) == [LETTER]


def test_a_step_that_took_up_what_was_replaced_meanwhile_begins_anew(here: Mocked) -> None:
    here.table.write(state.ask("payments", {"id": "1"}))
    lease = taken(here)
    here.table.write(state.request_deletion("payments", {"cascade": True}))
    with pytest.raises(StateMoved):
        lease.save(replace(lease.state, asked=None, operation={"id": "1"}))
    assert (lease.state.deleting, lease.state.operation) == ({"cascade": True}, None)


def test_a_visit_that_fails_lets_go_at_once(here: Mocked) -> None:
    lease = taken(here)
    with pytest.raises(Refused), lease:
        raise Refused("the visit")
    assert taken(here)


def test_a_visit_that_lost_its_lease_does_not_take_the_next_ones(here: Mocked) -> None:
    lease = taken(here)
    here.clock.now += Lease.SECONDS + 1
    with pytest.raises(LeaseLost), lease:
        taken(here)
        lease.save(replace(lease.state, memory={"stale": True}))
    assert Lease.take("payments", here.world) is None
