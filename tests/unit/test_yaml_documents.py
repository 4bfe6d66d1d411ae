"""YAML means what Go's sigs.k8s.io/yaml says it means. Each row was asked of helm 4's `fromYaml`."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from driftless.vocabulary.errors import SourceError
from driftless.vocabulary.yaml_documents import BadYaml, documents


def only(text: str) -> Any:
    found = documents(text, "f.yaml")
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[(word, True) for word in ("y", "Y", "yes", "Yes", "on", "ON", "true", "TRUE")],
        *[(word, False) for word in ("n", "N", "no", "NO", "off", "Off", "false", "FALSE")],
        *[(word, word) for word in ("yES", "tRUE", "nO", "oN")],
        *[(word, None) for word in ("~", "null", "Null", "NULL", "")],
        *[(word, word) for word in ("1:30", "2026-01-02", "2026-01-02T10:00:00Z", "=", "<<", "0x", "0b2", "0o8")],
        ("0777", 511),
        ("0o17", 15),
        ("0O17", 15),
        ("-017", -15),
        ("08", 8),
        ("089", 89),
        ("00", 0),
        ("0", 0),
        ("-0", 0),
        ("+5", 5),
        ("0b11", 3),
        ("-0b11", -3),
        ("-0x1F", -31),
        ("0x_1", 1),
        ("1_000", 1000),
        ("1__0", 10),
        ("1_0.5", 10.5),
        ("1e1_0", 10_000_000_000),
        ("1e3", 1000),
        ("1.e3", 1000),
        ("1.0", 1),
        ("1.", 1),
        (".5", 0.5),
        ("+.5", 0.5),
        ("._5", "._5"),
        (".", "."),
        (".e5", ".e5"),
        ("1e-7", 1e-7),
        ("1e", "1e"),
        ("1e400", "1e400"),
        ("9223372036854775807", 9223372036854775807),
        ("9223372036854775808", 9223372036854775808.0),
        ("-9223372036854775809", -9223372036854775808),
        ("100000000000000000000000", 1e23),
        ("0xFFFFFFFFFFFFFFFFF", "0xFFFFFFFFFFFFFFFFF"),
        ("0x1.8p1", "0x1.8p1"),
        ("'1'", "1"),
        ('"yes"', "yes"),
        ("! 12", "12"),
        ("!foo 12", "12"),
        ("!!str 123", "123"),
        ("!!str", ""),
        ('!!int "3"', 3),
        ("!!float 1", 1),
        ("!!bool y", True),
        ("!!null ''", None),
        ("!!timestamp 2026-01-02", "2026-01-02"),
        ("!!binary aGVsbG8=", "hello"),
    ],
)
def test_a_scalar_is_what_go_reads(text: str, value: Any) -> None:
    got = only(f"a: {text}\nb: 1\n")["a"]
    assert (type(got), got) == (type(value), value)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        *[("y", "true"), ("on", "true"), ("no", "false"), ("1", "1"), ("0x10", "16"), ("1e3", "1000")],
        *[("1.5", "1.5"), ("2026-01-02", "2026-01-02"), ("'on'", "on"), ('"<<"', "<<")],
    ],
)
def test_a_key_is_a_text(key: str, text: str) -> None:
    assert only(f"{key}: {{}}") == {text: {}}


def test_the_last_of_two_equal_keys_wins() -> None:
    assert only("a: 1\na: 2\ntrue: 1\ny: 3") == {"a": 2, "true": 3}


@pytest.mark.parametrize(
    ("text", "merged"),
    [
        ("{<<: *a, p: 9}", {"p": 9, "q": 2}),
        ("{p: 9, <<: *a}", {"p": 1, "q": 2}),
        ("{<<: [*a, *b]}", {"p": 1, "q": 2}),
        ("{<<: *a, <<: {p: 3}}", {"p": 3, "q": 2}),
        ("{!!merge <<: {p: 3}}", {"p": 3}),
    ],
)
def test_a_merge_key_counts_where_it_stands(text: str, merged: Any) -> None:
    assert only(f"a: &a {{p: 1, q: 2}}\nb: &b {{p: 7}}\nx: {text}")["x"] == merged


def test_aliases_do_not_share_a_map() -> None:
    found = only("a: &a {p: {q: 1}}\nb: *a\nc: {<<: *a}")
    found["a"]["p"]["q"] = 2
    assert found["b"] == found["c"] == {"p": {"q": 1}}


def test_empty_documents_are_dropped_and_anchors_end_with_their_document() -> None:
    assert documents("---\n# nothing\n---\na: 1\n---\n~\n---\nb: 2\n", "f.yaml") == [{"a": 1}, {"b": 2}]
    with pytest.raises(BadYaml, match=r"f.yaml: document 2, line 3: an alias \(\*\) has no anchor"):
        documents("a: &x 1\n---\nb: *x\n", "f.yaml")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\n---\nb:\n\tc: 1\n", "f.yaml: document 2, line 4: .*a tab cannot indent"),
        ("a: b: c\n", "f.yaml: document 1, line 1: mapping values are not allowed.*look at the indentation"),
        ("a: [1\nb: 2\n", "f.yaml: document 1, line 2: .*flow sequence"),
        ("a: .nan", "document 1, line 1: infinity and not-a-number"),
        ("a: -.inf", "document 1, line 1: infinity and not-a-number"),
        ("~: 1", "a key must be a text, a whole number or a boolean; put the key in quotes"),
        ("1e100: 1", "put the key in quotes"),
        ("? {a: 1}\n: 2", "a key must be a single value"),
        ("a: *u", r"an alias \(\*\) has no anchor above it"),
        ("a: &x [*x]", r"an alias \(\*\) has no anchor above it, or is inside its own anchor"),
        ("x: {<<: 5}", "<< merges a map or a list of maps"),
        ("a: !!int abc", "tagged !!int and is none"),
        ("a: !!float y", "tagged !!float and is none"),
        ("a: !!binary '!'", "base64"),
        ("a: \x01", "f.yaml: document 1, line 1: "),
    ],
)
def test_bad_yaml_names_file_document_and_line(text: str, sentence: str) -> None:
    with pytest.raises(BadYaml, match=sentence):
        documents(text, "f.yaml")


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(BadYaml, match=r"f.yaml: document 1, line 1: it holds bytes that are not text"):
        documents(b"a: \xff\xfe\xff", "f.yaml")


def test_a_refusal_never_quotes_a_value() -> None:
    with pytest.raises(BadYaml) as refused:
        documents("password: hunter2: hunter2\n", "f.yaml")
    assert "hunter2" not in str(refused.value)


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        "a: &a " + "x" * 100_000 + "\nb: [" + ", ".join(["*a"] * 1000) + "]",
        "a: &a {" + "x" * 900 + ": 1}\nb: [" + ", ".join(["*a"] * 10_000) + "]",
        "a0: &a0 " + "[" * 150 + "]" * 150 + "\na1: &a1 " + "[" * 100 + "*a0" + "]" * 100,
    ],
    ids=["nested", "long-text", "long-key", "depth-by-alias"],
)
def test_an_alias_bomb_is_refused_before_it_blows_up(text: str) -> None:
    with pytest.raises(SourceError, match=r"f.yaml: document 1, line \d+: its aliases expand to too much"):
        documents(text, "f.yaml")


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 1_000], ids=["list", "block", "map"])
def test_deep_nesting_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match=r"f.yaml: document 1, line 1: nested deeper than 200 levels"):
        documents(text, "f.yaml")


def test_too_much_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("driftless.vocabulary.yaml_documents.MAX_BYTES", 1 << 20)
    with pytest.raises(SourceError, match=r"f.yaml: 2 MiB of YAML is more than 1 MiB"):
        documents("#" * (2 << 20), "f.yaml")


def test_what_pyyaml_and_json_write_reads_back_the_same() -> None:
    value = {"a": ["no", "0777", "1:30", "x\ny\n", "", " ", "~", 1, -2.5, True, None, {"on": "off", "é": "☃"}], "b": {}}
    assert only(yaml.safe_dump(value, allow_unicode=True)) == value
    assert only(json.dumps(value)) == value
