"""The parts of an object that every room asks for."""

from __future__ import annotations

from typing import Any

import pytest

from driftless.vocabulary.objects import ObjectKey, canonical_json, digest_of, group_version, key_of, listed


@pytest.mark.parametrize(
    ("manifest", "key"),
    [
        (
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "n"}},
            ("", "Service", "n", "a"),
        ),
        ({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}}, ("apps", "Deployment", "", "a")),
        ({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "j-"}}, ("batch", "Job", "", "j-")),
        ({"kind": "Job", "metadata": None}, ("", "Job", "", "")),
        ({}, ("", "", "", "")),
    ],
)
def test_the_version_is_no_part_of_the_key(manifest: dict[str, Any], key: tuple[str, str, str, str]) -> None:
    assert key_of(manifest) == ObjectKey(*key)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (("apps", "Deployment", "pay", "api"), "apps/Deployment pay/api"),
        (("", "ConfigMap", "pay", "api"), "ConfigMap pay/api"),
        (("", "Namespace", "", "pay"), "Namespace pay"),
    ],
)
def test_a_key_reads_as_in_a_diff_header(key: tuple[str, str, str, str], text: str) -> None:
    assert str(ObjectKey(*key)) == text


def test_group_and_version_are_split_at_the_slash() -> None:
    assert group_version({"apiVersion": "apps/v1"}) == ("apps", "v1")
    assert group_version({"apiVersion": "v1"}) == ("", "v1")


@pytest.mark.parametrize(("text", "items"), [(None, ()), ("", ()), (" a ,, b,a", ("a", "b")), (",", ())])
def test_a_comma_list_is_trimmed_and_says_each_once(text: str | None, items: tuple[str, ...]) -> None:
    assert listed(text) == items


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest_of({"a": 1, "b": {"c": "é", "d": None}}) == digest_of({"b": {"d": None, "c": "é"}, "a": 1})
    assert digest_of([1, 2]) != digest_of([2, 1])
    assert canonical_json({"b": "é", "a": [1, True]}) == '{"a":[1,true],"b":"é"}'.encode()
