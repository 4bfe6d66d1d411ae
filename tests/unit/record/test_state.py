"""The STATE item: each attribute has one writer, a stale worker writes nothing, nobody's request is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from driftless.outlets.table import ConditionFailed
from driftless.record import applications, state
from driftless.record.documents import INLINE_BYTES
from driftless.record.state import Owned, State, Target
from driftless.vocabulary.argo import application
from driftless.vocabulary.errors import LeaseLost, NotFound
from tests.unit.record.mocked import NOW, Mocked
from tests.unit.record.written import REPOSITORY, app, created

SOURCE = app().source.raw
MOVED = SOURCE | {"repoURL": "https://git.example/b.git"}
TARGET = Target(revision="c0ffee", artifact="d1", source=SOURCE, subject="höher", at=NOW)
OPERATION = {"id": "1", "sync": {"revision": "main", "syncOptions": ["Replace=true"]}, "askedAt": NOW + 0.25}


def taken(here: Mocked, seconds: float = 30) -> State:
    held = state.acquire(here.table, here.store, "payments", here.clock(), seconds)
    assert held is not None
    return held


def saved(here: Mocked, before: State, after: State, *, release: bool = False) -> None:
    here.table.write(state.save(after, before, here.store, release=release))


def now_there(here: Mocked) -> State:
    return state.read(here.table, here.store, "payments")


def test_a_new_application_is_asked_to_be_looked_at_once(here: Mocked) -> None:
    created(here)
    found = now_there(here)
    assert (found.requests, found.target, found.asked, found.operation, found.inventory) == (1, None, None, None, {})


@pytest.mark.parametrize("unknown", ["read", "acquire"])
def test_an_application_that_is_not_there_is_not_found(here: Mocked, unknown: str) -> None:
    with pytest.raises(NotFound):
        if unknown == "read":
            state.read(here.table, here.store, "payments")
        else:
            state.acquire(here.table, here.store, "payments", NOW, 30)
    assert here.table.get("STATE", "payments") is None


class TestOwnership:
    def test_what_fetch_writes_leaves_what_sync_wrote_and_the_reverse(self, here: Mocked) -> None:
        created(here)
        held = taken(here)
        here.table.write(state.set_target("payments", TARGET, 1))
        after = replace(
            held, status={"sync": {"status": "Synced"}}, inventory={"/ConfigMap/n/a": Owned("v1", "d", "f")}
        )
        saved(here, held, after)
        here.table.write(state.set_target("payments", replace(TARGET, revision="beef"), 2))
        found = now_there(here)
        assert found.target == replace(TARGET, revision="beef")
        assert (found.status, found.inventory) == (after.status, after.inventory)

    def test_a_request_that_comes_during_a_step_is_not_taken_away_by_its_save(self, here: Mocked) -> None:
        created(here)
        held = taken(here)
        here.table.write(state.ask("payments", OPERATION))
        here.table.write(state.request_termination("payments"))
        saved(here, held, replace(held, memory={"looks": 1}))
        found = now_there(here)
        assert (found.asked, found.terminate, found.memory) == (OPERATION, True, {"looks": 1})

    def test_what_was_taken_up_is_gone_and_only_that(self, here: Mocked) -> None:
        created(here)
        here.table.write(state.ask("payments", OPERATION))
        held = taken(here)
        assert held.asked == OPERATION
        saved(here, held, replace(held, asked=None, operation=OPERATION))
        assert (now_there(here).asked, now_there(here).operation) == (None, OPERATION)

    def test_an_operation_that_was_replaced_meanwhile_is_not_taken_away(self, here: Mocked) -> None:
        created(here)
        here.table.write(state.ask("payments", OPERATION))
        held = taken(here)
        here.table.write(state.request_deletion("payments", {"cascade": True}))
        with pytest.raises(ConditionFailed):
            saved(here, held, replace(held, asked=None, operation=OPERATION))
        assert now_there(here).deleting == {"cascade": True}

    def test_a_save_writes_only_what_changed(self, here: Mocked) -> None:
        created(here)
        held = taken(here)
        saved(here, held, held)
        assert {"doc", "body"}.isdisjoint(here.item("STATE", "payments"))
        saved(here, held, replace(held, memory={"a": 1}))
        assert "doc" in here.item("STATE", "payments") and "body" not in here.item("STATE", "payments")

    def test_everything_is_read_back_as_it_was_saved(self, here: Mocked) -> None:
        created(here)
        held = taken(here)
        after = replace(
            held,
            status={"sync": {"status": "OutOfSync"}, "conditions": [{"type": "SyncError", "message": "zu spät"}]},
            resources=({"kind": "ConfigMap", "name": "a"},),
            inventory={"apps/Deployment/n/a": Owned("v1")},
            operation=OPERATION,
            memory={"nextId": 3, "wakes": NOW + 0.5},
        )
        saved(here, held, after)
        assert now_there(here) == after


class TestLease:
    def test_one_worker_at_a_time(self, here: Mocked) -> None:
        created(here)
        assert taken(here)
        assert state.acquire(here.table, here.store, "payments", NOW + 29, 30) is None

    def test_a_dead_workers_lease_runs_out_and_its_writes_are_refused(self, here: Mocked) -> None:
        created(here)
        dead = taken(here)
        here.clock.now += 31
        alive = taken(here)
        assert alive.fence == dead.fence + 1
        with pytest.raises(ConditionFailed):
            saved(here, dead, replace(dead, memory={"stale": True}))
        with pytest.raises(LeaseLost):
            state.renew(here.table, dead, here.clock(), 30)
        with pytest.raises(LeaseLost):
            state.refreshed(dead, here.table, here.store)
        assert now_there(here).memory == {}

    def test_a_renewed_lease_is_not_taken_over(self, here: Mocked) -> None:
        created(here)
        held = taken(here)
        state.renew(here.table, held, NOW + 20, 30)
        assert state.acquire(here.table, here.store, "payments", NOW + 40, 30) is None

    def test_after_letting_go_the_next_worker_enters_at_once(self, here: Mocked) -> None:
        created(here)
        held = taken(here)
        saved(here, held, held, release=True)
        assert taken(here).fence == held.fence + 1

    def test_a_renewal_that_comes_after_letting_go_takes_no_lease(self, here: Mocked) -> None:
        created(here)
        held = taken(here)
        saved(here, held, held, release=True)
        with pytest.raises(LeaseLost):
            state.renew(here.table, held, NOW, 30)
        assert taken(here)

    def test_nobody_lets_go_past_a_request_that_came_meanwhile(self, here: Mocked) -> None:
        created(here)
        held = taken(here)
        here.table.write(state.look_again("payments"))
        with pytest.raises(ConditionFailed):
            saved(here, held, replace(held, memory={"a": 1}), release=True)
        fresh = state.refreshed(held, here.table, here.store)
        assert (fresh.fence, fresh.requests, fresh.memory) == (held.fence, held.requests + 1, {})
        saved(here, fresh, replace(fresh, memory={"a": 1}), release=True)
        assert taken(here).memory == {"a": 1}

    def test_a_worker_left_over_from_a_deleted_namesake_matches_nothing(self, here: Mocked) -> None:
        stored = created(here)
        stale = taken(here)
        here.table.write(*applications.forget(stored))
        created(here)
        fresh = taken(here)
        assert fresh.fence != stale.fence
        with pytest.raises(ConditionFailed):
            saved(here, stale, replace(stale, memory={"stale": True}))

    def test_a_renewal_does_not_bring_a_deleted_application_back(self, here: Mocked) -> None:
        stored = created(here)
        stale = taken(here)
        here.table.write(*applications.forget(stored))
        with pytest.raises(LeaseLost):
            state.renew(here.table, stale, NOW, 30)
        assert here.table.get("STATE", "payments") is None


class TestRequests:
    @pytest.mark.parametrize(
        "write",
        [
            state.set_target("payments", TARGET, 1),
            state.ask("payments", OPERATION),
            state.forget_target("payments", SOURCE),
            state.look_again("payments"),
            state.request_deletion("payments", {}),
            state.request_termination("payments"),
        ],
        ids=["target", "ask", "forget target", "look again", "delete", "terminate"],
    )
    def test_whatever_is_asked_counts_one_request_and_needs_an_application(self, here: Mocked, write: Any) -> None:
        with pytest.raises(ConditionFailed):
            here.table.write(write)
        created(here)
        here.table.write(write)
        assert now_there(here).requests == 2

    def test_a_second_operation_is_refused_while_one_waits(self, here: Mocked) -> None:
        created(here)
        here.table.write(state.ask("payments", OPERATION))
        with pytest.raises(ConditionFailed):
            here.table.write(state.ask("payments", OPERATION | {"id": "2"}))
        assert now_there(here).asked == OPERATION

    def test_nothing_is_asked_of_an_application_that_goes(self, here: Mocked) -> None:
        created(here)
        here.table.write(state.ask("payments", OPERATION))
        here.table.write(state.request_deletion("payments", {"cascade": False}))
        assert now_there(here).asked is None
        with pytest.raises(ConditionFailed):
            here.table.write(state.ask("payments", OPERATION))


class TestLookUps:
    def test_an_older_look_up_that_comes_late_is_refused(self, here: Mocked) -> None:
        created(here)
        here.table.write(state.set_target("payments", TARGET, 8))
        with pytest.raises(ConditionFailed):
            here.table.write(state.set_target("payments", replace(TARGET, revision="old"), 7))
        assert now_there(here).target == TARGET

    def test_the_same_look_up_may_be_written_again(self, here: Mocked) -> None:
        created(here)
        for _ in range(2):
            here.table.write(state.set_target("payments", TARGET, 8))
        assert now_there(here).target == TARGET

    def test_a_changed_source_starts_the_order_anew(self, here: Mocked) -> None:
        created(here)
        here.table.write(state.set_target("payments", TARGET, 800))
        here.table.write(state.forget_target("payments", MOVED))
        assert now_there(here).target is None
        here.table.write(state.set_target("payments", replace(TARGET, source=MOVED), 1))
        assert now_there(here).target == replace(TARGET, source=MOVED)

    def test_a_late_look_up_of_the_repository_that_was_left_does_not_lock_the_new_one_out(self, here: Mocked) -> None:
        created(here)
        here.table.write(state.forget_target("payments", MOVED))
        with pytest.raises(ConditionFailed):
            here.table.write(state.set_target("payments", TARGET, 800))
        here.table.write(state.set_target("payments", replace(TARGET, source=MOVED), 1))

    def test_a_look_up_for_a_deleted_namesake_is_refused(self, here: Mocked) -> None:
        here.table.write(*applications.forget(created(here)))
        created(here, source={"path": "elsewhere"})
        with pytest.raises(ConditionFailed):
            here.table.write(state.set_target("payments", TARGET, 1))

    def test_a_look_up_for_a_source_that_changed_meanwhile_writes_nothing(self, here: Mocked) -> None:
        stored = created(here)
        [stake] = applications.interests(here.table, REPOSITORY)
        spec = stored.application.manifest["spec"]
        moved = stored.application.manifest | {"spec": spec | {"source": spec["source"] | {"path": "elsewhere"}}}
        writes, _ = applications.change(stored, application(moved), REPOSITORY)
        here.table.write(*writes)
        late = [applications.remember_inputs(stake, "c0ffee", "d1", ()), state.set_target("payments", TARGET, 5)]
        with pytest.raises(ConditionFailed):
            here.table.write(*late)
        assert now_there(here).target is None


def test_a_large_body_goes_to_the_store_and_comes_back(here: Mocked) -> None:
    created(here)
    held = taken(here)
    rows = tuple({"name": f"{n:x}-{hash(str(n)):x}", "kind": "ConfigMap"} for n in range(20_000))
    saved(here, held, replace(held, resources=rows))
    stored = here.item("STATE", "payments")["body"]
    assert isinstance(stored, str) and here.store.has("documents", stored)
    assert now_there(here).resources == rows


def test_a_small_body_stays_in_the_item(here: Mocked) -> None:
    created(here)
    held = taken(here)
    saved(here, held, replace(held, resources=({"name": "a"},)))
    stored = here.item("STATE", "payments")["body"]
    assert isinstance(stored, bytes) and len(stored) < INLINE_BYTES


def test_the_bulk_read_leaves_the_bodies_out_and_the_scans_does_not(here: Mocked) -> None:
    for name in ("a", "b"):
        created(here, name)
    held = state.acquire(here.table, here.store, "a", NOW, 30)
    assert held is not None
    after = replace(held, status={"x": 1}, inventory={"/ConfigMap/n/a": Owned("v1")}, resources=({"name": "a"},))
    saved(here, held, after)
    light = state.read_all(here.table, here.store)
    full = state.read_everything(here.table, here.store)
    assert [s.name for s in light] == [s.name for s in full] == ["a", "b"]
    assert (light[0].status, light[0].inventory, light[0].resources) == ({"x": 1}, {}, ())
    assert full[0] == after
