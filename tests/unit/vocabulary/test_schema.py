"""What the shape check says: paths of what does not fit, suggestions for what it does not know."""

from __future__ import annotations

from typing import Any

import pytest

from driftless.vocabulary.errors import Refused
from driftless.vocabulary.schema import MapOf, check

SHAPE: dict[str, Any] = {
    "name!": "string",
    "count": "integer",
    "size": "int-or-string",
    "on": "boolean",
    "free": "any",
    "labels": MapOf("string"),
    "items": [{"kind!": "string", "paths": ["string"]}],
}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "name is required"),
        ({"name": None}, "name is required"),
        ({"name": ""}, "name is required"),
        ({"name": 1.5}, "name must be a string, not 1.5"),
        ({"name": "a", "count": True}, "count must be an integer, not true"),
        ({"name": "a", "count": "3"}, "count must be an integer, not '3'"),
        ({"name": "a", "size": False}, "size must be an integer or a string, not false"),
        ({"name": "a", "on": "true"}, "on must be a boolean, not 'true'"),
        ({"name": "a", "on": 1}, "on must be a boolean, not 1"),
        ({"name": "a", "labels": ["x"]}, "labels must be a map, not a list"),
        ({"name": "a", "labels": {"tier": 1}}, "labels.tier must be a string, not 1"),
        ({"name": "a", "items": {"kind": "x"}}, "items must be a list, not a map"),
        ({"name": "a", "items": [{"kind": "x"}, {}]}, "items[1].kind is required"),
        ({"name": "a", "items": [{"kind": "x", "paths": ["/a", 2]}]}, "items[0].paths[1] must be a string, not 2"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_path(value: Any, message: str) -> None:
    with pytest.raises(Refused) as refused:
        list(check(value, SHAPE, ""))
    assert str(refused.value) == message


def test_the_path_of_the_whole_comes_first() -> None:
    with pytest.raises(Refused, match=r"^spec\.source\.name is required$"):
        list(check({}, SHAPE, "spec.source"))


@pytest.mark.parametrize(
    ("field", "warning"),
    [
        ("cuont", "unknown field cuont (did you mean count?)"),
        ("label", "unknown field label (did you mean labels?)"),
        ("zzz", "unknown field zzz"),
    ],
)
def test_an_unknown_field_warns_with_a_suggestion(field: str, warning: str) -> None:
    assert list(check({"name": "a", field: 1}, SHAPE, "")) == [warning]


def test_an_unknown_field_deep_inside_names_its_way() -> None:
    value = {"name": "a", "items": [{"kind": "x", "path": []}]}
    assert list(check(value, SHAPE, "spec")) == ["unknown field spec.items[0].path (did you mean paths?)"]


@pytest.mark.parametrize("field", ["count", "size", "on", "free", "labels", "items"])
def test_null_means_not_set(field: str) -> None:
    assert list(check({"name": "a", field: None}, SHAPE, "")) == []


@pytest.mark.parametrize("value", [1, "text", True, 2.5, [1], {"a": [None]}])
def test_a_free_field_takes_anything(value: Any) -> None:
    assert list(check({"name": "a", "free": value}, SHAPE, "")) == []


def test_a_long_value_is_cut_short_in_the_refusal() -> None:
    with pytest.raises(Refused) as refused:
        list(check({"name": "a", "count": "x" * 500}, SHAPE, ""))
    assert len(str(refused.value)) < 80
