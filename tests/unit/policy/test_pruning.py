"""What a sync may prune, and where the guard asks a person first (argo-behaviour 5.4, 5.5; design principle 8)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from driftless.policy.pruning import Pruning, pruning
from driftless.vocabulary.model import Compared
from tests.unit.policy.compared import extra, hook, missing, modified, synced


def asked(rows: Sequence[Compared], *options: str, confirmed: bool = False) -> Pruning:
    return pruning(rows, frozenset(options), asked=True, confirmed=confirmed)


def many(stay: int, go: int) -> list[Compared]:
    return [synced(f"s{n}") for n in range(stay)] + [extra(f"x{n}") for n in range(go)]


def names(found: Pruning) -> set[str]:
    return {key.name for key in found.allowed}


def test_without_prune_nothing_goes_and_each_says_why() -> None:
    found = pruning([synced("a"), extra("x")], frozenset(), asked=False, confirmed=True)
    assert names(found) == set() and found.waits == ""
    assert list(found.kept.values()) == ["ignored (requires pruning)"]


def test_with_prune_the_extra_objects_go_and_nothing_else_does() -> None:
    rows = [synced("a"), modified("b"), missing("c"), hook("h"), extra("x")]
    found = asked(rows)
    assert (names(found), found.kept, found.waits) == ({"x"}, {}, "")


@pytest.mark.parametrize(
    ("own", "apps", "goes"),
    [
        ("Prune=false", [], False),
        ("", ["Prune=false"], False),
        ("Prune=true", ["Prune=false"], True),
        ("Prune=false", ["Prune=true"], False),
        ("Prune=true,Prune=false", [], False),
        ("prune=false", [], True),
        ("Prune=False", [], True),
        ("Prune=False", ["Prune=false"], False),
        ("Validate=false, Prune=false", [], False),
    ],
)
def test_prune_false_keeps_and_the_objects_own_word_beats_the_applications(
    own: str, apps: list[str], goes: bool
) -> None:
    found = asked([synced("a"), extra("x", options=own)], *apps)
    assert names(found) == ({"x"} if goes else set())
    assert list(found.kept.values()) == ([] if goes else ["ignored (no prune)"])


def test_prune_false_holds_even_when_a_person_confirms() -> None:
    assert names(asked([extra("x", "PersistentVolumeClaim", "Prune=false")], confirmed=True)) == set()


@pytest.mark.parametrize("confirmed", [False, True])
def test_prune_confirm_waits_for_a_person(confirmed: bool) -> None:
    found = asked([synced("a"), extra("x", options="Prune=confirm"), extra("y")], confirmed=confirmed)
    assert names(found) == ({"x", "y"} if confirmed else {"y"})


def test_prune_false_of_the_application_beats_its_confirm() -> None:
    assert names(asked([extra("x")], "Prune=false", "Prune=confirm", confirmed=True)) == set()


@pytest.mark.parametrize(
    ("stay", "go", "waits"),
    [(0, 3, False), (1, 3, False), (0, 4, True), (4, 4, True), (5, 4, False), (10, 10, True), (11, 10, False)],
)
def test_the_guard_asks_from_half_of_the_objects_on_unless_they_are_three(stay: int, go: int, waits: bool) -> None:
    found = asked(many(stay, go))
    assert bool(found.waits) is waits
    assert len(found.allowed) == (0 if waits else go)
    assert len(found.kept) == (go if waits else 0)


def test_a_folder_renamed_whole_waits_before_and_after_its_new_objects_are_there() -> None:
    gone = [extra(f"old-{n}") for n in range(5)]
    before, after = [missing(f"new-{n}") for n in range(5)], [synced(f"new-{n}") for n in range(5)]
    assert asked(gone + before).waits == asked(gone + after).waits != ""


@pytest.mark.parametrize(
    "kind", ["PersistentVolumeClaim", "PersistentVolume", "Namespace", "StatefulSet", "CustomResourceDefinition"]
)
def test_the_guard_asks_for_a_single_precious_object_and_holds_the_others_too(kind: str) -> None:
    found = asked([*many(20, 1), extra("precious", kind)])
    assert "precious" in found.waits and names(found) == set()
    assert set(found.kept.values()) == {"ignored (the prune guard waits for a confirmation)"}


def test_a_confirmed_prune_is_not_asked_about_again() -> None:
    found = asked([*many(0, 9), extra("data", "PersistentVolumeClaim")], confirmed=True)
    assert (len(found.allowed), found.waits) == (10, "")


def test_hooks_do_not_make_a_mass_delete_look_small() -> None:
    assert asked([*many(3, 4), *[hook(f"h{n}") for n in range(20)]]).waits


def test_what_is_kept_anyway_does_not_count_for_the_guard() -> None:
    rows = [extra(f"kept-{n}", options="Prune=false") for n in range(9)] + many(1, 3)
    found = asked(rows)
    assert (len(found.allowed), len(found.kept), found.waits) == (3, 9, "")


def test_the_question_names_five_objects_and_what_to_type() -> None:
    waits = asked(many(2, 8)).waits
    assert "8 of 10 objects" in waits and "and 3 more" in waits and "--confirm-prune" in waits
