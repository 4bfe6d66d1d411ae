"""No value of a Secret is shown, wherever it stands in the object; which are equal can be seen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from driftless.compare.masking import masked

VALUE = "hunter2hunter2"


def secret(**parts: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}} | parts


@pytest.mark.parametrize(
    "obj",
    [
        secret(data={"a": VALUE}),
        secret(stringData={"a": VALUE}),
        secret(data=VALUE),
        secret(stringData=[VALUE]),
        secret(data={"a": {"b": VALUE}}),
        secret(
            metadata={
                "annotations": {
                    "kubectl.kubernetes.io/last-applied-configuration": json.dumps({"stringData": {"a": VALUE}})
                }
            }
        ),
    ],
)
def test_a_value_is_nowhere_in_what_is_shown(obj: dict[str, Any]) -> None:
    before = json.dumps(obj)
    shown = masked(obj, None)
    assert VALUE in before and VALUE not in json.dumps(shown) and "++++++++" in json.dumps(shown)
    assert json.dumps(obj) == before, "the object itself is left as it is"


def test_equal_values_look_equal_and_others_do_not() -> None:
    wanted, found, other = masked(secret(data={"a": "x"}), secret(data={"a": "x"}), secret(data={"a": "y"}))
    assert wanted == found != other


def test_other_annotations_stay() -> None:
    [shown] = masked(secret(metadata={"name": "s", "annotations": {"team": "payments"}}))
    assert shown and shown["metadata"]["annotations"] == {"team": "payments"}
