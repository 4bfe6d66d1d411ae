"""An API server's no, as it reaches a person: the reason stays, what was sent does not come back."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from driftless.outlets.cluster.refusal import LONGEST, cleaned, refusal


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("spec.replicas: Invalid value: -1: must be positive", "spec.replicas: Invalid value: -1: must be positive"),
        (
            'spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: field is immutable',
            "spec.selector: Invalid value: {…}: field is immutable",
        ),
        ("got map[password:hunter2 user:[a b]] instead", "got map[…] instead"),
        ('.containers[name="x"].bar: field not declared', '.containers[name="x"].bar: field not declared'),
        ("two\n   lines", "two lines"),
        ("{ never closed, hunter2", "{…}"),
        ("x" * 2000, "x" * (LONGEST - 1) + "…"),
        ("", ""),
    ],
)
def test_bodies_are_left_out_of_a_message(said: str, shown: str) -> None:
    assert cleaned(said) == shown


SECRET: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "data": {"password": base64.b64encode(b"hunter2hunter2").decode()},
    "stringData": {"token": "s3cr3t-token"},
}


@pytest.mark.parametrize(
    ("reason", "message", "causes"),
    [
        ("Invalid", "data: Invalid value: hunter2hunter2", []),
        ("Invalid", "x", [{"field": "data[password]", "reason": "FieldValueInvalid", "message": "hunter2hunter2"}]),
        ("BadRequest", f"cannot read {SECRET['data']['password']}", []),
        ("Forbidden", "policy says no: password is hunter2hunter2", []),
        ("Forbidden", f"policy says no: {SECRET['data']['password']} and s3cr3t-token", []),
        ("", "expected string, got s3cr3t-token", []),
    ],
)
def test_a_secrets_values_never_come_back(reason: str, message: str, causes: list[dict[str, str]]) -> None:
    told = {"reason": reason, "message": message, "details": {"causes": causes}}
    words = str(refusal(422, told, "Secret a/s", SECRET))
    assert not {"hunter2hunter2", "s3cr3t-token", SECRET["data"]["password"]} & set(words.replace(",", " ").split())
    assert "hunter2" not in words and "s3cr3t" not in words


@pytest.mark.parametrize("part", ["data", "stringData"])
@pytest.mark.parametrize("held", ["hunter2hunter2", ["hunter2hunter2"], {"a": {"b": "hunter2hunter2"}}])
def test_what_is_no_map_of_texts_is_kept_back_too(part: str, held: Any) -> None:
    told = {"reason": "Forbidden", "message": "policy says no to hunter2hunter2"}
    assert str(refusal(403, told, "Secret a/s", SECRET | {part: held})) == "policy says no to ++++++++"


def test_a_secret_that_may_not_be_written_says_who_may_not() -> None:
    message = 'secrets "s" is forbidden: User "driftless-sync" cannot patch resource "secrets"'
    assert refusal(403, {"reason": "Forbidden", "message": message}, "Secret a/s", SECRET).message == message


def test_a_secrets_wrong_field_is_named() -> None:
    told = {"reason": "Invalid", "details": {"causes": [{"field": "type", "reason": "FieldValueForbidden"}]}}
    assert str(refusal(422, told, "Secret a/s", SECRET)) == (
        "Secret a/s is refused (Invalid): type: may not be set or changed"
    )


@pytest.mark.parametrize("body", [None, "<html>no</html>", {}, {"message": None}])
def test_an_answer_without_words_still_names_the_object(body: Any) -> None:
    assert str(refusal(404, body, "ConfigMap a/b", None)) == "ConfigMap a/b: the API server answered 404 (NotFound)"


def test_a_schema_error_of_server_side_apply_is_the_objects_fault() -> None:
    told = {"message": "failed to create typed patch object (a/b; /v1, Kind=ConfigMap): .dta: field not declared"}
    error = refusal(500, told, "ConfigMap a/b", {"kind": "ConfigMap"})
    assert (error.status, error.reason) == (422, "Invalid")
