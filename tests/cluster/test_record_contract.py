"""What the record asks of DynamoDB, held against moto and against the development stack's own: the same facts on both.

moto answers one thread at a time; twenty competing workers meet only in ministack, a server as the real one is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from devstack.localaws import LocalAws
from driftless.outlets import aws
from driftless.outlets.table import ConditionFailed
from driftless.record import applications, history, repositories, state
from driftless.record.state import State, Target
from driftless.vocabulary.errors import LeaseLost, Unavailable
from tests.unit.record.mocked import NOW, Mocked, mocked_aws
from tests.unit.record.written import REPOSITORY, app, created

WORKERS = 20
PATIENCE = 60.0
URL = "git.example/a"
T = TypeVar("T")


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    local = LocalAws(tmp_path_factory.mktemp("aws"))
    local.start()
    yield local.endpoint
    local.stop()


@pytest.fixture
def served(ministack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mocked]:
    """A table of the test's own in ministack."""
    for name, value in {
        "AWS_ENDPOINT_URL": ministack,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    aws.client.cache_clear()
    yield Mocked(tmp_path)
    aws.client.cache_clear()


@pytest.fixture(params=["moto", "ministack"])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mocked]:
    if request.param == "ministack":
        yield request.getfixturevalue("served")
        return
    with mocked_aws():
        yield Mocked(tmp_path)


def taken(here: Mocked, at: float = NOW) -> State | None:
    return state.acquire(here.table, here.store, "payments", at, 30)


def competing(work: Callable[[int], T]) -> list[T]:
    """What each of the workers made of it, all let loose at once."""
    ready = threading.Barrier(WORKERS)

    def run(number: int) -> T:
        ready.wait(PATIENCE)
        return work(number)

    with ThreadPoolExecutor(WORKERS) as workers:
        return list(workers.map(run, range(WORKERS), timeout=PATIENCE))


def insisting(attempt: Callable[[], bool]) -> None:
    """Try until it is done; a transaction that met another one is tried again, as a message would be."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if attempt():
                return
        except Unavailable:
            continue
    pytest.fail(f"not done within {PATIENCE} s")


def test_a_lease_has_one_holder_and_a_dead_one_is_followed(here: Mocked) -> None:
    created(here)
    dead = taken(here)
    assert dead and taken(here, NOW + 29) is None
    alive = taken(here, NOW + 31)
    assert alive and alive.fence == dead.fence + 1
    with pytest.raises(ConditionFailed):
        here.table.write(state.save(replace(dead, memory={"stale": True}), dead, here.store, release=False))
    with pytest.raises(LeaseLost):
        state.renew(here.table, dead, NOW, 30)


def test_a_refused_condition_says_what_is_there(here: Mocked) -> None:
    held = repositories.acquire(here.table, URL, NOW, 60)
    assert held
    here.table.write(repositories.request(URL))
    assert not repositories.release(here.table, held, held)
    again = repositories.reread(here.table, held, NOW, 60)
    assert again.requested == 1 and repositories.release(here.table, again, again)


def test_a_transaction_is_all_or_nothing_and_names_the_refused_part(here: Mocked) -> None:
    first = created(here)
    with pytest.raises(ConditionFailed) as refused:
        created(here)
    assert refused.value.index == 0
    late = [applications.change(first, app(source={"path": p}), REPOSITORY)[0] for p in ("x", "y")]
    here.table.write(*late[0])
    with pytest.raises(ConditionFailed):
        here.table.write(*late[1])
    [stake] = applications.interests(here.table, REPOSITORY)
    assert stake.path == "x"


def test_a_save_with_its_history_entry_is_one_write(here: Mocked) -> None:
    created(here)
    held = taken(here)
    assert held
    entry = history.append("payments", {"id": 0}, 10)
    for fence in (held.fence, held.fence - 1):
        save = state.save(replace(held, fence=fence, memory={"nextId": 1}), held, here.store, release=False)
        if fence == held.fence:
            here.table.write(save, *entry)
        else:
            with pytest.raises(ConditionFailed):
                here.table.write(save, *history.append("payments", {"id": 1}, 10))
    assert history.read(here.table, "payments") == [{"id": 0}]


def test_a_late_look_up_is_refused(here: Mocked) -> None:
    created(here)
    here.table.write(state.set_target("payments", Target(revision="new", source=app().source.raw), 8))
    with pytest.raises(ConditionFailed):
        here.table.write(state.set_target("payments", Target(revision="old", source=app().source.raw), 7))
    found = state.read(here.table, here.store, "payments")
    assert found.target == Target(revision="new", source=app().source.raw)


def test_a_query_reads_all_pages_and_stays_within_its_limit(here: Mocked) -> None:
    for number in range(30):
        here.table.write(*history.append("payments", {"id": number, "filler": "x" * 80_000}, 100))
    assert [e["id"] for e in history.read(here.table, "payments")] == list(range(30))
    assert [e["id"] for e in history.read(here.table, "payments", limit=20)] == list(range(10, 30))


def test_of_many_workers_one_gets_the_lease(served: Mocked) -> None:
    created(served)
    held = competing(lambda _: taken(served))
    assert sum(one is not None for one in held) == 1


def test_of_many_fetches_one_gets_the_repository(served: Mocked) -> None:
    held = competing(lambda _: repositories.acquire(served.table, URL, NOW, 60))
    assert sum(one is not None for one in held) == 1


def test_of_many_that_create_the_same_application_one_does(served: Mocked) -> None:
    def create(_: int) -> bool:
        try:
            created(served)
        except (ConditionFailed, Unavailable):
            return False
        return True

    assert competing(create).count(True) == 1
    assert state.read(served.table, served.store, "payments").requests == 1


def test_no_request_of_many_is_lost(served: Mocked) -> None:
    created(served)

    def ask(_: int) -> None:
        for _ in range(5):
            served.table.write(state.look_again("payments"))
            served.table.write(repositories.request(URL))

    competing(ask)
    assert state.read(served.table, served.store, "payments").requests == 1 + 5 * WORKERS
    assert repositories.read(served.table, URL).requested == 5 * WORKERS


def test_of_many_who_ask_for_an_operation_one_is_heard(served: Mocked) -> None:
    created(served)

    def ask(number: int) -> int | None:
        try:
            served.table.write(state.ask("payments", {"id": number}))
        except ConditionFailed:
            return None
        return number

    [heard] = [number for number in competing(ask) if number is not None]
    assert state.read(served.table, served.store, "payments").asked == {"id": heard}


def test_every_change_of_many_builds_on_the_one_before(served: Mocked) -> None:
    created(served)

    def change(number: int) -> None:
        def once() -> bool:
            before = applications.read(served.table, "payments")
            try:
                served.table.write(*applications.change(before, app(source={"path": f"p{number}"}), REPOSITORY)[0])
            except ConditionFailed:
                return False
            return True

        insisting(once)

    competing(change)
    after = applications.read(served.table, "payments")
    [stake] = applications.interests(served.table, REPOSITORY)
    assert (after.generation, stake.path) == (1 + WORKERS, after.application.source.path)


def test_no_save_under_a_lease_is_lost(served: Mocked) -> None:
    """Each worker takes the lease, counts one up in what is kept under it, and lets go."""
    created(served)

    def count(_: int) -> None:
        def once() -> bool:
            held = taken(served)
            if held is None:
                return False
            after = replace(held, memory={"count": held.memory.get("count", 0) + 1})
            served.table.write(state.save(after, held, served.store, release=True))
            return True

        insisting(once)

    competing(count)
    assert state.read(served.table, served.store, "payments").memory == {"count": WORKERS}
