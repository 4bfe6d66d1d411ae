"""The APPLICATION and INTEREST items: created, changed and forgotten together with the state, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from driftless.outlets.table import ConditionFailed
from driftless.record import applications, history, state
from driftless.vocabulary.errors import NotFound
from tests.unit.record.mocked import Mocked
from tests.unit.record.written import CREATED, REPOSITORY, app, created

PATHS = "argocd.argoproj.io/manifest-generate-paths"


def stakes(here: Mocked, repository: str = REPOSITORY) -> list[str]:
    return [stake.application for stake in applications.interests(here.table, repository)]


def changed(here: Mocked, before: applications.Stored, repository: str = REPOSITORY, **spec: Any) -> Any:
    writes, after = applications.change(before, app(**spec), repository)
    here.table.write(*writes)
    return after


def test_an_application_is_read_back_as_it_was_created(here: Mocked) -> None:
    stored = created(here, parent="root")
    assert applications.read(here.table, "payments") == stored
    assert (stored.generation, stored.created, stored.parent) == (1, CREATED, "root")
    assert applications.exists(here.table, "payments") and not applications.exists(here.table, "other")


def test_one_that_is_not_there_is_not_found(here: Mocked) -> None:
    with pytest.raises(NotFound, match="application payments does not exist"):
        applications.read(here.table, "payments")


def test_a_second_one_of_the_same_name_is_refused_whole(here: Mocked) -> None:
    first = created(here)
    with pytest.raises(ConditionFailed) as refused:
        created(here, source={"path": "other"})
    assert refused.value.index == 0
    assert applications.read(here.table, "payments") == first
    [stake] = applications.interests(here.table, REPOSITORY)
    assert stake.path == "k8s"


def test_everyone_who_cares_about_a_repository_is_one_query(here: Mocked) -> None:
    for name in ("b", "a"):
        created(here, name)
    assert stakes(here) == ["a", "b"] and stakes(here, "git.example/other") == []


def test_a_stake_says_what_fetch_needs(here: Mocked) -> None:
    writes, _ = applications.create(app("a", {PATHS: "."}, source={"targetRevision": "v1"}), REPOSITORY, CREATED)
    here.table.write(*writes)
    [stake] = applications.interests(here.table, REPOSITORY)
    assert (stake.repo_url, stake.target_revision, stake.path, stake.generate_paths) == (
        "https://git.example/a.git",
        "v1",
        "k8s",
        ".",
    )
    assert (stake.commit, stake.artifact, stake.inputs) == ("", "", ())


def test_fetch_finds_again_what_it_remembered(here: Mocked) -> None:
    created(here)
    [stake] = applications.interests(here.table, REPOSITORY)
    inputs = (("k8s", "0a1b"), ("base/none", ""))
    here.table.write(applications.remember_inputs(stake, "c0ffee", "d1", inputs))
    [after] = applications.interests(here.table, REPOSITORY)
    assert (after.commit, after.artifact, after.inputs) == ("c0ffee", "d1", inputs)


def test_a_changed_policy_leaves_target_and_stake_alone(here: Mocked) -> None:
    stored = created(here)
    here.table.write(state.set_target("payments", state.Target(revision="c0ffee", source=app().source.raw), 1))
    after = changed(here, stored, syncPolicy={"automated": {}})
    found = state.read(here.table, here.store, "payments")
    assert (found.requests, found.target) == (3, state.Target(revision="c0ffee", source=app().source.raw))
    assert (after.generation, after.uid) == (2, stored.uid)


@pytest.mark.parametrize(
    "change", [{"source": {"path": "x"}}, {"source": {"targetRevision": "v2"}}, {"annotations": {PATHS: "."}}], ids=repr
)
def test_another_source_makes_the_target_void_and_fetchs_memory_too(here: Mocked, change: dict[str, Any]) -> None:
    stored = created(here)
    [stake] = applications.interests(here.table, REPOSITORY)
    here.table.write(
        applications.remember_inputs(stake, "c", "d", ()),
        state.set_target("payments", state.Target(source=app().source.raw), 1),
    )
    assert applications.needs_look_up(stored, app(**change), REPOSITORY)
    changed(here, stored, **change)
    assert state.read(here.table, here.store, "payments").target is None
    [after] = applications.interests(here.table, REPOSITORY)
    assert (after.commit, after.artifact) == ("", "")


def test_another_repository_moves_the_stake(here: Mocked) -> None:
    stored = created(here)
    changed(here, stored, "git.example/b", source={"repoURL": "https://git.example/b.git"})
    assert (stakes(here), stakes(here, "git.example/b")) == ([], ["payments"])


def test_of_two_changes_made_at_once_the_second_is_refused(here: Mocked) -> None:
    stored = created(here)
    changed(here, stored, source={"path": "first"})
    with pytest.raises(ConditionFailed):
        changed(here, stored, source={"path": "second"})
    assert applications.read(here.table, "payments").application.source.path == "first"


def test_a_change_keeps_the_parent_unless_a_parent_makes_it(here: Mocked) -> None:
    stored = created(here, parent="root")
    assert applications.change(stored, app(), REPOSITORY)[1].parent == "root"
    assert applications.change(stored, app(), REPOSITORY, "new-root")[1].parent == "new-root"


def test_forgetting_takes_everything_but_the_history(here: Mocked) -> None:
    stored = created(here)
    here.table.write(*history.append("payments", {"id": 0}, 10))
    here.table.write(*applications.forget(stored))
    assert not applications.exists(here.table, "payments") and stakes(here) == []
    assert here.table.get("STATE", "payments") is None
    assert history.read(here.table, "payments") == [{"id": 0}]


def test_a_late_deletion_does_not_take_a_namesake_created_since(here: Mocked) -> None:
    first = created(here)
    here.table.write(*applications.forget(first))
    second = created(here)
    with pytest.raises(ConditionFailed):
        here.table.write(*applications.forget(first))
    assert applications.read(here.table, "payments") == second and stakes(here) == ["payments"]


def test_a_deletion_that_knows_an_old_repository_is_refused(here: Mocked) -> None:
    stored = created(here)
    changed(here, stored, "git.example/b", source={"repoURL": "https://git.example/b.git"})
    with pytest.raises(ConditionFailed):
        here.table.write(*applications.forget(stored))
    assert stakes(here, "git.example/b") == ["payments"]


def test_all_applications_are_one_query_in_order_of_their_names(here: Mocked) -> None:
    for name in ("c", "a", "b"):
        created(here, name)
    assert [s.application.name for s in applications.read_all(here.table)] == ["a", "b", "c"]


def test_no_two_applications_begin_with_the_same_fence(here: Mocked) -> None:
    created(here, "a")
    created(here, "b")
    assert here.item("STATE", "a")["fence"] != here.item("STATE", "b")["fence"]


def test_an_uid_is_an_applications_own(here: Mocked) -> None:
    stored = created(here)
    assert replace(stored, uid="") != stored and len({stored.uid, created(here, "b").uid}) == 2
