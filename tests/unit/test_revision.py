"""Which commit a targetRevision means, rule by rule (argo-behaviour 2.8)."""

from __future__ import annotations

import pytest

from driftless.revision import Resolution, is_commit, is_constraint, resolve, satisfies
from driftless.vocabulary.errors import SourceError
from driftless.vocabulary.git import Refs


def sha(letter: str) -> str:
    return letter * 40


REFS = Refs(
    head="refs/heads/main",
    refs={
        "HEAD": sha("a"),
        "refs/heads/main": sha("a"),
        "refs/heads/feat/x": sha("b"),
        "refs/heads/v1": sha("c"),
        "refs/tags/v1": sha("d"),
        "refs/tags/v1.2.3": sha("e"),
        "refs/tags/v1.10.0": sha("f"),
        "refs/tags/1.11.0-rc.1": "1" * 40,
        "refs/tags/web-2.0.0": "2" * 40,
        "refs/tags/nightly": "3" * 40,
        "refs/pull/7/head": "4" * 40,
    },
)


@pytest.mark.parametrize(
    ("target", "commit", "ref"),
    [
        ("", sha("a"), "refs/heads/main"),
        ("HEAD", sha("a"), "refs/heads/main"),
        ("main", sha("a"), "refs/heads/main"),
        ("feat/x", sha("b"), "refs/heads/feat/x"),
        ("refs/heads/feat/x", sha("b"), "refs/heads/feat/x"),
        ("v1", sha("c"), "refs/heads/v1"),
        ("refs/tags/v1", sha("d"), "refs/tags/v1"),
        ("v1.2.3", sha("e"), "refs/tags/v1.2.3"),
        ("nightly", "3" * 40, "refs/tags/nightly"),
        ("pull/7/head", "4" * 40, "refs/pull/7/head"),
        ("1.*", sha("f"), "refs/tags/v1.10.0"),
        ("~1.2", sha("e"), "refs/tags/v1.2.3"),
        (">=1.0 <2", sha("f"), "refs/tags/v1.10.0"),
        (">=1.0-0", "1" * 40, "refs/tags/1.11.0-rc.1"),
        (sha("9"), sha("9"), ""),
    ],
)
def test_a_target_resolves(target: str, commit: str, ref: str) -> None:
    assert resolve(target, REFS, "r") == Resolution(commit, ref)


def test_a_tag_prefix_parts_the_versions_of_a_shared_repository() -> None:
    assert resolve("*", REFS, "r", "web-").ref == "refs/tags/web-2.0.0"


def test_a_range_without_a_tag_may_still_be_a_branch() -> None:
    assert resolve("1.x", Refs(None, {"refs/heads/1.x": sha("a")}), "r").commit == sha("a")


def test_a_short_commit_at_the_tip_of_a_branch_needs_no_history() -> None:
    assert resolve("aaaaaaa", REFS, "r") == Resolution(sha("a"))


def test_a_short_commit_elsewhere_is_left_to_the_history() -> None:
    assert resolve("9999999", REFS, "r") == Resolution("", short="9999999")


@pytest.mark.parametrize("target", ["gone", "999999", "ABCDEF0", "refs/heads/gone", ">=9"])
def test_what_is_nowhere_is_refused_with_what_there_is(target: str) -> None:
    with pytest.raises(SourceError, match=r"no branch, tag or commit of acme/r; known branches: feat/x, main, v1"):
        resolve(target, REFS, "acme/r")


def test_an_empty_repository_says_so() -> None:
    with pytest.raises(SourceError, match="r is empty"):
        resolve("HEAD", Refs("refs/heads/main"), "r")


def test_a_head_that_points_nowhere_names_the_branches() -> None:
    with pytest.raises(SourceError, match=r"points to main, which does not exist.*known branches: trunk"):
        resolve("HEAD", Refs("refs/heads/main", {"refs/heads/trunk": sha("a")}), "r")


@pytest.mark.parametrize("text", ["*", "1.*", "1.x", "^1.2", "~1.2.3", ">=1 <2", ">1,<2", "1.2 - 1.4", "1.x || 2.x"])
def test_ranges_are_constraints(text: str) -> None:
    assert is_constraint(text)


@pytest.mark.parametrize("text", ["", "v1.2.3", "1.2", "2026", "main", "release-1.x", "1.2.3foo", ">=", "1,", ",1"])
def test_versions_and_names_are_not(text: str) -> None:
    assert not is_constraint(text)


@pytest.mark.parametrize(
    ("constraint", "inside", "outside"),
    [
        ("*", ["0.0.1", "9.9.9"], ["1.0.0-rc.1"]),
        ("1.*", ["1.0.0", "1.99.0"], ["2.0.0", "0.9.0"]),
        ("1.2.x", ["1.2.0", "1.2.9"], ["1.3.0"]),
        ("=1.2", ["1.2.0", "1.2.7"], ["1.3.0"]),
        ("!=1.2.3", ["1.2.4"], ["1.2.3"]),
        ("!=1.2.x", ["1.3.0"], ["1.2.3"]),
        (">1.2", ["1.3.0"], ["1.2.9"]),
        (">1.2.3", ["1.2.4"], ["1.2.3"]),
        ("<=1.2", ["1.2.9"], ["1.3.0"]),
        ("~1", ["1.9.0"], ["2.0.0"]),
        ("~1.2.3", ["1.2.3", "1.2.9"], ["1.2.2", "1.3.0"]),
        ("~>1.2", ["1.2.9"], ["1.3.0"]),
        ("^1.2.3", ["1.9.0"], ["1.2.2", "2.0.0"]),
        ("^0.2.3", ["0.2.9"], ["0.3.0"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4"]),
        ("^0", ["0.9.0"], ["1.0.0"]),
        ("1.2 - 1.4.5", ["1.2.0", "1.4.5"], ["1.4.6"]),
        ("1.2 - 1.4", ["1.4.9"], ["1.5.0"]),
        (">=1, <2 || >=3", ["1.5.0", "3.0.0"], ["2.0.0"]),
        (">=1.0.0-0 <2.0.0", ["1.1.0-beta.2", "v1.5"], ["2.0.0", "3.0.0-a"]),
        ("^1.0.0-rc.1", ["1.0.0-rc.2", "1.0.0"], ["1.0.0-rc.0", "2.0.0-rc.1"]),
    ],
)
def test_a_range_holds(constraint: str, inside: list[str], outside: list[str]) -> None:
    assert [v for v in inside + outside if satisfies(v, constraint)] == inside


def test_what_is_no_version_satisfies_nothing() -> None:
    assert not satisfies("nightly", "*")
    assert not satisfies("1" * 30, "*")


def test_only_a_whole_commit_id_needs_no_look_up() -> None:
    assert is_commit(sha("a"))
    assert not is_commit("abcdef0")
