"""The next step of a sync: every transition, and that nothing done is ever done again (argo-behaviour 5.1, 5.3)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from driftless.plan.step import Doing, Step, TaskId, next_step, task_id
from driftless.vocabulary.model import HookType, OperationPhase, ResourceResult, ResultCode, Task, Verb
from driftless.vocabulary.objects import ObjectKey
from tests.unit.plan.drawn import health, task

PRE, SYNC, POST, FAIL = HookType.PRE_SYNC, HookType.SYNC, HookType.POST_SYNC, HookType.SYNC_FAIL
HEALTHY = Doing(gone=False, health=health("Healthy"))
PROGRESSING = Doing(gone=False, health=health("Progressing"))
DEGRADED = Doing(gone=False, health=health("Degraded", "crash loop"))
UNKNOWN = Doing(gone=False, health=health("Unknown"))
UNCHECKED = Doing(gone=False, health=None)
GONE = Doing(gone=True, health=None)


@dataclass
class Sync:
    """A sync in the middle: what was recorded of which task, and how each object is doing."""

    tasks: Sequence[Task]
    results: dict[TaskId, ResourceResult] = field(default_factory=dict)
    doing: dict[ObjectKey, Doing] = field(default_factory=dict)

    def did(self, one: Task, now: Doing | None = UNCHECKED, **result: object) -> Sync:
        """`one` was performed, and its object is doing as `now` says."""
        code = ResultCode.SYNCED if one.verb is Verb.APPLY else ResultCode.PRUNED
        row = ResourceResult(one.key, "v1", code, "done", hook_type=one.hook, hook_phase=OperationPhase.RUNNING)
        self.results[task_id(one)] = replace(row, sync_phase=one.phase, **result)  # type: ignore[arg-type]
        if now is not None:
            self.doing[one.key] = now
        return self

    @property
    def step(self) -> Step:
        return next_step(self.tasks, self.results, self.doing)


def test_nothing_to_do_has_succeeded() -> None:
    assert Sync([]).step == Step(ended=OperationPhase.SUCCEEDED, message="successfully synced (all tasks run)")


def test_the_first_phase_and_wave_is_performed_whole_and_alone() -> None:
    first, second, later = task("a"), task("b"), task("c", wave=1)
    assert Sync([first, second, later]).step.perform == (first, second)


def test_what_a_dead_worker_left_undone_of_a_group_is_performed() -> None:
    first, second = task("a"), task("b")
    assert Sync([first, second]).did(first).step.perform == (second,)


@pytest.mark.parametrize("now", [HEALTHY, UNCHECKED, PROGRESSING, DEGRADED, UNKNOWN, GONE, None], ids=repr)
def test_a_single_wave_without_hooks_succeeds_right_after_it_is_applied(now: Doing | None) -> None:
    one = task("a")
    assert Sync([one]).did(one, now).step.ended is OperationPhase.SUCCEEDED


@pytest.mark.parametrize("now", [PROGRESSING, DEGRADED, UNKNOWN, GONE], ids=repr)
def test_the_last_waves_plain_objects_are_not_waited_for(now: Doing) -> None:
    first, last = task("a"), task("b", wave=1)
    assert Sync([first, last]).did(first, HEALTHY).did(last, now).step.ended is OperationPhase.SUCCEEDED


@pytest.mark.parametrize("now", [HEALTHY, UNCHECKED], ids=repr)
def test_a_healthy_or_unchecked_wave_lets_the_next_one_begin(now: Doing) -> None:
    first, last = task("a"), task("b", wave=1)
    assert Sync([first, last]).did(first, now).step.perform == (last,)


@pytest.mark.parametrize(
    "now",
    [PROGRESSING, UNKNOWN, *(Doing(gone=False, health=health(s)) for s in ("Suspended", "Missing"))],
    ids=repr,
)
def test_a_wave_that_is_not_healthy_yet_is_waited_for(now: Doing) -> None:
    first, last = task("a"), task("b", wave=1)
    step = Sync([first, last]).did(first, now).step
    assert (step.wait, step.perform, step.ended) == ((first,), (), None)
    assert step.message == "waiting for healthy state of Thing pay/a"


def test_a_degraded_wave_before_the_last_fails_the_sync_with_its_reason() -> None:
    first, last = task("a"), task("b", wave=1)
    step = Sync([first, last]).did(first, DEGRADED).step
    assert step == Step(ended=OperationPhase.FAILED, message="Thing pay/a failed: crash loop")


def test_an_object_that_vanishes_while_it_is_waited_for_fails_the_sync() -> None:
    first, last = task("a"), task("b", wave=1)
    step = Sync([first, last]).did(first, GONE).step
    assert (step.ended, step.message) == (
        OperationPhase.FAILED,
        "Thing pay/a failed: it was deleted while the sync waited for it",
    )


@pytest.mark.parametrize("now", [PROGRESSING, DEGRADED, GONE], ids=repr)
def test_a_wave_that_was_passed_is_not_asked_again(now: Doing) -> None:
    first, second, third = task("a"), task("b", wave=1), task("c", wave=2)
    assert Sync([first, second, third]).did(first, now).did(second, HEALTHY).step.perform == (third,)


@pytest.mark.parametrize("wave", [0, 1])
def test_a_refused_object_fails_the_sync_in_any_wave(wave: int) -> None:
    first, last = task("a"), task("b", wave=1)
    sync = Sync([first, last]).did(first, HEALTHY)
    sync.did((first, last)[wave], None, status=ResultCode.SYNC_FAILED, message="immutable")
    assert sync.step.ended is OperationPhase.FAILED
    assert sync.step.message.endswith("failed: immutable")


def test_two_refused_objects_are_counted() -> None:
    first, second = task("a"), task("b")
    sync = Sync([first, second])
    for one in (first, second):
        sync.did(one, None, status=ResultCode.SYNC_FAILED, message="no")
    assert sync.step.message == "Thing pay/a failed: no (and 1 more)"


@pytest.mark.parametrize("phase", [PRE, POST])
@pytest.mark.parametrize("now", [PROGRESSING, Doing(gone=False, health=health("Suspended")), GONE], ids=repr)
def test_a_hook_is_waited_for_even_in_the_last_group(phase: HookType, now: Doing) -> None:
    hook = task("migrate", phase=phase)
    assert Sync([hook]).did(hook, now).step.wait == (hook,)


@pytest.mark.parametrize("now", [HEALTHY, UNCHECKED], ids=repr)
def test_a_hook_that_completed_lets_the_sync_go_on(now: Doing) -> None:
    hook, plain = task("migrate", phase=PRE), task("a")
    assert Sync([hook, plain]).did(hook, now).step.perform == (plain,)


@pytest.mark.parametrize("now", [DEGRADED, UNKNOWN], ids=repr)
def test_a_degraded_or_unknown_hook_has_failed(now: Doing) -> None:
    hook, plain = task("migrate", phase=PRE), task("a")
    step = Sync([hook, plain]).did(hook, now).step
    assert step.ended is OperationPhase.FAILED and step.message.startswith("PreSync hook Thing pay/migrate failed")


@pytest.mark.parametrize("now", [GONE, DEGRADED, None], ids=repr)
def test_a_recorded_end_of_a_hook_counts_whatever_became_of_it(now: Doing | None) -> None:
    hook, plain = task("migrate", phase=PRE), task("a")
    assert Sync([hook, plain]).did(hook, now, hook_phase=OperationPhase.SUCCEEDED).step.perform == (plain,)
    failed = Sync([hook, plain]).did(hook, HEALTHY, hook_phase=OperationPhase.FAILED, message="exit 1")
    assert failed.step.ended is OperationPhase.FAILED


def test_plain_objects_beside_a_hook_in_the_last_group_are_waited_for_too() -> None:
    hook, plain = replace(task("check"), hook=SYNC), task("web")
    sync = Sync([hook, plain]).did(hook, HEALTHY).did(plain, PROGRESSING)
    assert sync.step.wait == (plain,)


def test_postsync_begins_only_after_a_healthy_sync() -> None:
    plain, hook = task("web"), task("smoke", phase=POST)
    assert Sync([plain, hook]).did(plain, PROGRESSING).step.wait == (plain,)
    assert Sync([plain, hook]).did(plain, HEALTHY).step.perform == (hook,)


def test_an_object_on_its_way_out_is_waited_for() -> None:
    old = task("old", verb=Verb.PRUNE)
    step = Sync([old]).did(old, PROGRESSING).step
    assert (step.wait, step.message) == ((old,), "waiting for deletion of Thing pay/old")
    assert Sync([old]).did(old, GONE).step.ended is OperationPhase.SUCCEEDED


def test_the_next_wave_waits_for_deletions() -> None:
    old, new = task("old", verb=Verb.PRUNE), task("new", wave=1)
    assert Sync([old, new]).did(old, DEGRADED).step.wait == (old,)
    assert Sync([old, new]).did(old, GONE).step.perform == (new,)


def test_a_prune_that_was_skipped_holds_up_nothing() -> None:
    old, new = task("old", verb=Verb.PRUNE), task("new", wave=1)
    assert Sync([old, new]).did(old, HEALTHY, status=ResultCode.PRUNE_SKIPPED).step.perform == (new,)


def test_a_refused_deletion_fails_the_sync() -> None:
    old, new = task("old", verb=Verb.PRUNE), task("new", wave=1)
    assert Sync([old, new]).did(old, HEALTHY, status=ResultCode.SYNC_FAILED).step.ended is OperationPhase.FAILED


class TestSyncFail:
    """SyncFail hooks run when a task has failed, and only then."""

    def test_they_do_not_run_when_all_goes_well(self) -> None:
        plain, alarm = task("a"), task("alarm", phase=FAIL)
        sync = Sync([plain, alarm])
        assert sync.step.perform == (plain,)
        assert sync.did(plain, HEALTHY).step.ended is OperationPhase.SUCCEEDED

    def test_they_run_after_a_failure_wave_by_wave_and_the_sync_ends_failed(self) -> None:
        plain, alarm, page = task("a"), task("alarm", phase=FAIL), task("page", wave=1, phase=FAIL)
        sync = Sync([plain, alarm, page]).did(plain, None, status=ResultCode.SYNC_FAILED, message="no")
        assert sync.step == Step(perform=(alarm,), message="Thing pay/a failed: no")
        assert sync.did(alarm, PROGRESSING).step.wait == (alarm,)
        assert sync.did(alarm, HEALTHY).step.perform == (page,)
        assert sync.did(page, UNCHECKED).step == Step(ended=OperationPhase.FAILED, message="Thing pay/a failed: no")

    def test_one_that_fails_itself_holds_up_nothing(self) -> None:
        plain, alarm, page = task("a"), task("alarm", phase=FAIL), task("page", wave=1, phase=FAIL)
        sync = Sync([plain, alarm, page]).did(plain, None, status=ResultCode.SYNC_FAILED, message="no")
        assert sync.did(alarm, DEGRADED).step.perform == (page,)

    def test_once_they_have_begun_a_recovery_does_not_turn_back(self) -> None:
        first, second, alarm = task("a"), task("b", wave=1), task("alarm", phase=FAIL)
        sync = Sync([first, second, alarm]).did(first, DEGRADED)
        assert sync.step.perform == (alarm,)
        sync.did(alarm, PROGRESSING).did(first, HEALTHY)
        assert sync.step.wait == (alarm,)
        assert sync.did(alarm, HEALTHY).step.ended is OperationPhase.FAILED


def drawn(seed: int) -> list[Task]:
    """A plan of up to eighteen tasks over all phases and three waves, in order."""
    dice = random.Random(seed)
    found = []
    for number in range(dice.randint(1, 18)):
        phase = dice.choice([PRE, SYNC, SYNC, SYNC, POST, FAIL])
        verb = dice.choice([Verb.APPLY, Verb.APPLY, Verb.PRUNE]) if phase is SYNC else Verb.APPLY
        found.append(task(f"t{number}", dice.randint(-1, 1), phase, verb))
    order = [PRE, SYNC, POST, FAIL]
    return sorted(found, key=lambda t: (order.index(t.phase), t.wave))


@pytest.mark.parametrize("seed", range(60))
def test_whatever_part_of_a_step_was_recorded_nothing_done_is_done_again(seed: int) -> None:
    """A worker dies after recording any part of what it did; the next one performs only the rest, and it ends."""
    dice, sync = random.Random(seed), Sync(drawn(seed))
    moods = [HEALTHY, UNCHECKED, PROGRESSING, DEGRADED]
    performed: list[TaskId] = []
    for _ in range(20 * len(sync.tasks)):
        step = sync.step
        assert step == sync.step
        assert [bool(step.perform), bool(step.wait), bool(step.ended)].count(True) == 1
        if step.ended:
            break
        for one in dice.sample(step.perform, dice.randint(0, len(step.perform))):
            performed.append(task_id(one))
            sync.did(one, GONE if one.verb is Verb.PRUNE else dice.choice(moods))
        for one in step.wait:
            sync.doing[one.key] = GONE if one.verb is Verb.PRUNE else dice.choice(moods)
    assert sync.step.ended
    assert len(performed) == len(set(performed))


@pytest.mark.parametrize("seed", range(20))
def test_a_sync_in_which_all_goes_well_performs_every_task_but_syncfail_in_order(seed: int) -> None:
    sync = Sync(drawn(seed))
    order: list[Task] = []
    while not sync.step.ended:
        order += sync.step.perform
        for one in sync.step.perform:
            sync.did(one, GONE if one.verb is Verb.PRUNE else HEALTHY)
    assert order == [t for t in sync.tasks if t.phase is not FAIL]
    assert sync.step.ended is OperationPhase.SUCCEEDED
