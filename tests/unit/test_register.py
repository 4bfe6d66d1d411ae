"""An application is registered, changed or asked to go, by a person or by a parent (design: App of Apps; section 9)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from driftless.flows import register
from driftless.record import applications, outbox, repositories, state
from driftless.record.outbox import Letter
from driftless.vocabulary.errors import Conflict, NotFound, Refused
from tests.unit.record.mocked import Mocked, mocked_aws
from tests.unit.record.written import REPOSITORY, manifest

FINALIZER = "resources-finalizer.argocd.argoproj.io"


@pytest.fixture(scope="module")
def aws_in_process() -> Iterator[None]:
    with mocked_aws():
        yield


@pytest.fixture
def here(aws_in_process: None, tmp_path: Path) -> Mocked:
    return Mocked(tmp_path)


def letters(here: Mocked) -> list[Letter]:
    return [outbox.parse(image) for image in here.letters()]


def with_finalizers(*finalizers: str) -> dict[str, Any]:
    made = manifest()
    return made | {"metadata": made["metadata"] | {"finalizers": list(finalizers)}}


class TestByAPerson:
    def test_a_new_application_is_stored_and_its_repository_looked_up(self, here: Mocked) -> None:
        stored, outcome = register.create(manifest(), here.world)
        assert (outcome, applications.read(here.table, "payments")) == ("created", stored)
        assert here.sent("fetch") == [{"repository": REPOSITORY, "applications": ["payments"], "cause": "app"}]
        assert repositories.read(here.table, REPOSITORY).requested == 1
        assert letters(here) == []

    def test_the_same_again_changes_nothing(self, here: Mocked) -> None:
        first, _ = register.create(manifest(), here.world)
        here.sent("fetch")
        assert register.create(manifest(), here.world) == (first, "unchanged")
        assert (here.sent("fetch"), here.sent("sync")) == ([], [])

    def test_another_spec_is_refused_without_upsert(self, here: Mocked) -> None:
        register.create(manifest(), here.world)
        with pytest.raises(Conflict, match="exists and its spec differs; use --upsert"):
            register.create(manifest(source={"path": "x"}), here.world)
        assert applications.read(here.table, "payments").application.source.path == "k8s"

    def test_a_changed_policy_is_looked_at_without_asking_git(self, here: Mocked) -> None:
        register.create(manifest(), here.world)
        here.sent("fetch")
        _, outcome = register.create(manifest(syncPolicy={"automated": {}}), here.world, upsert=True)
        assert outcome == "updated"
        assert (here.sent("fetch"), here.sent("sync")) == ([], [{"application": "payments", "cause": "spec"}])

    @pytest.mark.parametrize(
        "change",
        [
            {"source": {"path": "x"}},
            {"source": {"targetRevision": "v2"}},
            {"annotations": {"argocd.argoproj.io/manifest-generate-paths": "."}},
        ],
        ids=repr,
    )
    def test_whatever_voids_the_target_asks_git_anew(self, here: Mocked, change: dict[str, Any]) -> None:
        register.create(manifest(), here.world)
        here.sent("fetch")
        register.create(manifest(**change), here.world, upsert=True)
        assert [m["repository"] for m in here.sent("fetch")] == [REPOSITORY]
        assert repositories.read(here.table, REPOSITORY).requested == 2

    def test_another_repository_is_the_one_that_is_asked(self, here: Mocked) -> None:
        register.create(manifest(), here.world)
        here.sent("fetch")
        register.create(manifest(source={"repoURL": "https://git.example/b.git"}), here.world, upsert=True)
        assert [m["repository"] for m in here.sent("fetch")] == ["git.example/b"]

    def test_what_is_refused_leaves_nothing_behind(self, here: Mocked) -> None:
        with pytest.raises(Refused):
            register.create(manifest(source={"repoURL": ""}), here.world)
        assert applications.read_all(here.table) == [] and here.sent("fetch") == []


class TestRemoval:
    def asked(self, here: Mocked) -> dict[str, Any]:
        return state.read(here.table, here.store, "payments").deleting or {}

    @pytest.mark.parametrize(
        ("finalizers", "cascade", "expected"),
        [
            ([], None, (False, "Foreground")),
            ([FINALIZER], None, (True, "Foreground")),
            ([f"{FINALIZER}/background"], None, (True, "Background")),
            ([f"{FINALIZER}/foreground"], None, (True, "Foreground")),
            ([], True, (True, "Foreground")),
            ([FINALIZER], False, (False, "Foreground")),
        ],
    )
    def test_finalizers_decide_unless_a_person_does(
        self, here: Mocked, finalizers: list[str], cascade: bool | None, expected: tuple[bool, str]
    ) -> None:
        register.create(with_finalizers(*finalizers), here.world)
        register.remove("payments", here.world, cascade=cascade)
        assert (self.asked(here)["cascade"], self.asked(here)["propagation"]) == expected
        assert here.sent("sync") == [{"application": "payments", "cause": "delete"}]

    def test_a_propagation_policy_without_cascade_is_refused(self, here: Mocked) -> None:
        register.create(manifest(), here.world)
        with pytest.raises(Refused, match="cascade=true only"):
            register.remove("payments", here.world, cascade=False, propagation="Background")
        assert self.asked(here) == {}

    def test_what_is_not_there_is_not_found(self, here: Mocked) -> None:
        with pytest.raises(NotFound):
            register.remove("payments", here.world)


class TestByAParent:
    """A parent runs where no queue can be reached: what it asks for is saved with what it tells of."""

    def test_a_child_is_created_with_its_letter(self, here: Mocked) -> None:
        stored, outcome = register.create(manifest(), here.world, upsert=True, parent="root")
        assert (outcome, stored.parent) == ("created", "root")
        assert letters(here) == [
            Letter("fetch", {"repository": REPOSITORY, "applications": ["payments"], "cause": "root"})
        ]
        assert here.sent("fetch") == []

    def test_an_application_of_a_person_is_taken_in_and_anothers_child_is_not(self, here: Mocked) -> None:
        register.create(manifest(), here.world)
        taken, _ = register.create(manifest(source={"path": "x"}), here.world, upsert=True, parent="root")
        assert taken.parent == "root"
        with pytest.raises(Conflict, match="application payments is not other's: root declares it too"):
            register.create(manifest(source={"path": "y"}), here.world, upsert=True, parent="other")

    def test_a_repeated_step_posts_nothing_twice(self, here: Mocked) -> None:
        for _ in range(2):
            register.create(manifest(), here.world, upsert=True, parent="root")
        for _ in range(2):
            register.remove("payments", here.world, parent="root")
        assert sorted(letter.message["cause"] for letter in letters(here)) == ["delete", "root"]

    def test_a_recreated_child_has_letters_of_its_own(self, here: Mocked) -> None:
        for _ in range(2):
            stored, _ = register.create(manifest(), here.world, upsert=True, parent="root")
            register.remove("payments", here.world, parent="root")
            here.table.write(*applications.forget(stored))
        assert len(letters(here)) == 4
