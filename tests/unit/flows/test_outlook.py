"""One letter is on its way to an application at a time: visits in between beget no lines of visits of their own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from driftless.flows.syncing import outlook
from driftless.flows.syncing.visit import Visit
from driftless.record.state import State
from driftless.vocabulary.errors import ClusterRefused, NotFound, Unavailable
from driftless.vocabulary.model import ConditionType

NOW = 1_795_000_000.0


def visit(now: float = NOW, **state: Any) -> Visit:
    """What these functions look at of a visit."""
    lease = SimpleNamespace(state=State("payments", **state))
    app = SimpleNamespace(name="payments", source=SimpleNamespace(raw={"path": "."}))
    return cast(Visit, SimpleNamespace(lease=lease, app=app, now=now))


def conditions(state: State) -> list[tuple[str, str]]:
    return [(c["type"], c["message"]) for c in state.status["conditions"]]


def test_what_is_down_is_tried_again_a_few_times_and_then_left_to_the_poll() -> None:
    delays, now, memory = [], NOW, dict[str, Any]()
    for _ in range(6):
        after = outlook.obstructed(visit(now, memory=memory), Unavailable("cluster x is not answering"))
        delays += [letter.delay_seconds for letter in after.letters]
        now, memory = now + 1000, after.state.memory
    assert delays == [5, 15, 60]
    assert after.state.status["sync"]["status"] == "Unknown"


def test_a_visit_in_between_sends_no_second_letter() -> None:
    first = outlook.obstructed(visit(), Unavailable("down"))
    second = outlook.obstructed(visit(NOW + 2, memory=first.state.memory), Unavailable("down"))
    assert (len(first.letters), second.letters) == (1, ())
    assert second.state.memory == first.state.memory
    later = outlook.obstructed(visit(NOW + 5, memory=second.state.memory), Unavailable("down"))
    assert len(later.letters) == 1


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NotFound("cluster x is not registered"), ConditionType.INVALID_SPEC_ERROR),
        (ClusterRefused(403, "Forbidden", "may not list"), ConditionType.COMPARISON_ERROR),
    ],
    ids=["spec", "cluster"],
)
def test_what_cannot_pass_by_itself_ends_what_was_asked_for_and_says_why(error: Any, kind: ConditionType) -> None:
    after = outlook.obstructed(visit(asked={"id": "1", "sync": {}}), error)
    assert (after.letters, after.state.asked, after.state.operation) == ((), None, None)
    shown = after.state.status["operationState"]
    assert (shown["phase"], shown["message"]) == ("Error", error.message)
    assert conditions(after.state) == [(kind, error.message)]


def test_what_may_pass_keeps_what_was_asked_for_and_what_is_under_way() -> None:
    asked, under_way = {"id": "1", "sync": {}}, {"bundle": "b"}
    after = outlook.obstructed(visit(asked=asked, operation=under_way), Unavailable("down"))
    assert (after.state.asked, after.state.operation) == (asked, under_way)


def test_a_retry_that_waits_is_called_for_when_it_is_due_and_no_later_than_sqs_allows() -> None:
    under_way = {"bundle": "b", "retryAt": NOW + 40}
    after = outlook.obstructed(visit(operation=under_way), ClusterRefused(403, "Forbidden", "no"))
    assert [letter.delay_seconds for letter in after.letters] == [40]
    under_way = {"bundle": "b", "retryAt": NOW + 86400}
    after = outlook.obstructed(visit(operation=under_way), ClusterRefused(403, "Forbidden", "no"))
    assert [letter.delay_seconds for letter in after.letters] == [900]
