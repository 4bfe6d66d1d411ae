"""The diff as people read it (the lesson's "The Diff in Action", argo-behaviour 4.4)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from driftless.compare.unified import FieldChange, changed_paths, unified
from driftless.vocabulary.argo import IgnoreRule
from driftless.vocabulary.objects import key_of
from tests.unit.compare.shaped import applied, deployment

SPEC: dict[str, Any] = {"replicas": 3, "selector": {"matchLabels": {"app": "payments"}}}


def diff(desired: dict[str, Any] | None, live: dict[str, Any] | None, *rules: IgnoreRule) -> str:
    return unified(key_of(desired or live or {}), desired, live, rules)


def test_a_scaled_deployment_reads_as_in_the_lesson() -> None:
    assert diff(deployment(SPEC), deployment(SPEC | {"replicas": 5})) == (
        "===== apps/Deployment payments/payments =====\n"
        "--- desired (Git)\n"
        "+++ live (cluster)\n"
        "@@ -4,7 +4,7 @@\n"
        "   name: payments\n"
        "   namespace: payments\n"
        " spec:\n"
        "-  replicas: 3\n"
        "+  replicas: 5\n"
        "   selector:\n"
        "     matchLabels:\n"
        "       app: payments\n"
    )


def test_no_difference_is_no_text() -> None:
    turned = dict(reversed(SPEC.items()))
    assert diff(deployment(SPEC), deployment(turned)) == ""


def test_an_ignored_field_is_not_shown() -> None:
    rule = IgnoreRule("apps", "Deployment", json_pointers=("/spec/replicas",))
    assert diff(deployment(SPEC), deployment(SPEC | {"replicas": 5}), rule) == ""
    text = diff(deployment(SPEC), deployment(SPEC | {"replicas": 5, "paused": True}), rule)
    assert "replicas" not in text
    assert "+  paused: true" in text


@pytest.mark.parametrize(("sides", "sign"), [((SPEC, None), "-"), ((None, SPEC), "+")], ids=["missing", "extra"])
def test_an_object_on_one_side_only_is_shown_whole(sides: tuple[Any, Any], sign: str) -> None:
    desired, live = (None if spec is None else deployment(spec) for spec in sides)
    text = diff(desired, live)
    body = text.splitlines()[4:]
    assert f"{sign}  replicas: 3" in body
    assert all(line.startswith(sign) for line in body)
    assert "resourceVersion" not in text


def configmap(text: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n"}, "data": {"f": text}}


def test_text_of_several_lines_shows_the_line_that_differs() -> None:
    text = diff(configmap("a\nb\nc\n"), configmap("a\nB\nc\n"))
    assert text.startswith("===== ConfigMap n/a =====\n")
    assert "-    b\n+    B\n" in text


def secret(data: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n"}, "data": data, **more}


def test_secret_values_show_only_that_they_differ() -> None:
    text = diff(secret({"same": "b25l", "other": "b25l"}), secret({"same": "b25l", "other": "dHdv"}))
    assert "   same: ++++++++\n" in text
    assert "-  other: ++++++++\n+  other: ++++++++++++\n" in text


@pytest.mark.parametrize("missing", [0, 1])
def test_no_secret_value_is_in_any_text(missing: int) -> None:
    hidden = secret({"k": "aHVzaA=="}, stringData={"t": "hush-hush"})
    hidden["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(hidden)}
    sides = [hidden, None] if missing else [None, hidden]
    text = diff(sides[0], sides[1]) + str(changed_paths(hidden, secret({"k": "eA=="})))
    assert "+++" in text
    assert "aHVzaA" not in text
    assert "hush" not in text
    assert "eA==" not in text


def test_a_changed_field_names_who_changed_it_and_when() -> None:
    scale = applied({"spec": {"replicas": 5}}, "kubectl", "Update", "2026-11-21T11:00:00Z") | {"subresource": "scale"}
    ours = applied({"spec": {"selector": SPEC["selector"]}})
    found = changed_paths(deployment(SPEC, applied({"spec": SPEC})), deployment(SPEC | {"replicas": 5}, ours, scale))
    assert found == [FieldChange("spec.replicas", 3, 5, "kubectl", "2026-11-21T11:00:00Z", "Update scale")]


def test_changed_fields_are_found_in_lists_and_behind_awkward_names() -> None:
    one = deployment({"containers": [{"name": "app", "image": "a:1"}]}, metadata={"annotations": {"x.io/a": "1"}})
    spec = {"containers": [{"name": "app", "image": "a:2", "tty": True}, {"name": "new"}]}
    editor = applied({"spec": spec}, "editor", "Update", "2026-11-21T11:00:00Z")
    other = deployment(spec, editor)
    assert [(c.path, c.desired, c.live, c.manager) for c in changed_paths(one, other)] == [
        ("metadata.annotations", {"x.io/a": "1"}, None, ""),
        ("spec.containers[0].image", "a:1", "a:2", "editor"),
        ("spec.containers[0].tty", None, True, "editor"),
        ("spec.containers[1]", None, {"name": "new"}, "editor"),
    ]
    marked = deployment(one["spec"], metadata={"annotations": {"x.io/a": "2"}})
    assert [c.path for c in changed_paths(one, marked)] == ['metadata.annotations["x.io/a"]']


def test_the_last_of_several_owners_is_named() -> None:
    early = applied({"spec": {"replicas": 5}}, "early", "Update", "2026-11-21T09:00:00Z")
    late = applied({"spec": {"replicas": 5}}, "late", "Update", "2026-11-21T12:00:00Z")
    (change,) = changed_paths(deployment(SPEC), deployment(SPEC | {"replicas": 5}, late, early))
    assert change.manager == "late"


def test_one_side_alone_has_no_changed_fields() -> None:
    assert changed_paths(deployment(SPEC), None) == []
    assert changed_paths(None, deployment(SPEC)) == []
    assert changed_paths(deployment(SPEC), deployment(SPEC)) == []
