"""`app create|set|unset`: every flag arrives where it belongs, and wrong usage is a sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.cli.conftest import Command
from tests.unit.cli.lesson import CREATE, LESSON
from tests.unit.console.stage import payments


def spec(driftless: Command, name: str = "payments") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(driftless("app", "get", name, "-o", "json").out)["spec"]
    return found


def test_the_lessons_create_makes_the_lessons_application(driftless: Command) -> None:
    made = driftless(*LESSON)
    assert (made.status, made.out, made.err) == (0, "application 'payments' created\n", "")
    assert spec(driftless)["syncPolicy"] == {"automated": {"prune": True, "selfHeal": True}}
    assert driftless(*LESSON).out == "application 'payments' unchanged\n"


def test_another_spec_needs_upsert(driftless: Command) -> None:
    driftless(*CREATE)
    refused = driftless(*LESSON)
    assert refused.status == 20
    assert refused.err.startswith("driftless: application payments exists and its spec differs")
    assert driftless(*LESSON, "--upsert").out == "application 'payments' updated\n"


def test_every_helm_and_kustomize_flag_arrives(driftless: Command, tmp_path: Any) -> None:
    literal = tmp_path / "literal.yaml"
    literal.write_text("replicas: 2\n")
    flags = ["--helm-set", "a=1", "--helm-set-string", "b=2", "--helm-set-file", "c=files/c.txt", "--values", "v.yaml"]
    flags += ["--values-literal-file", str(literal), "--release-name", "pay", "--helm-skip-crds", "-p", "d=x=y"]
    assert driftless(*CREATE, *flags, "--sync-retry-limit", "3", "--sync-option", "CreateNamespace=true").status == 0
    found = spec(driftless)
    assert found["source"]["helm"] == {
        "releaseName": "pay",
        "valueFiles": ["v.yaml"],
        "skipCrds": True,
        "values": "replicas: 2\n",
        "parameters": [
            {"name": "a", "value": "1"},
            {"name": "d", "value": "x=y"},
            {"name": "b", "value": "2", "forceString": True},
        ],
        "fileParameters": [{"name": "c", "path": "files/c.txt"}],
    }
    assert found["syncPolicy"] == {"syncOptions": ["CreateNamespace=true"], "retry": {"limit": 3}}


def test_create_from_a_file_takes_flags_on_top(driftless: Command, tmp_path: Any) -> None:
    path = tmp_path / "application.json"
    path.write_text(json.dumps(payments()))
    made = driftless("app", "create", "-f", str(path), "--revision", "v2", "-l", "team=a", "--set-finalizer")
    assert made.out == "application 'payments' created\n"
    document = json.loads(driftless("app", "get", "payments", "-o", "json").out)
    assert document["spec"]["source"]["targetRevision"] == "v2"
    assert document["metadata"]["labels"] == {"team": "a"}
    assert document["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]


def test_set_changes_what_its_flags_name_and_unset_takes_away(driftless: Command) -> None:
    driftless(*LESSON)
    changed = ("app", "set", "payments", "--nameprefix", "x-", "--kustomize-image", "app=registry.example:5000/app:v2")
    assert driftless(*changed, "--self-heal=false", "--sync-option", "A=1").status == 0
    found = spec(driftless)
    assert found["source"]["kustomize"] == {"namePrefix": "x-", "images": ["app=registry.example:5000/app:v2"]}
    assert found["syncPolicy"] == {"automated": {"prune": True, "selfHeal": False}, "syncOptions": ["A=1"]}
    driftless(
        "app", "set", "payments", "--kustomize-image", "app=registry.example:5000/app:v3", "--sync-option", "!A=1"
    )
    found = spec(driftless)
    assert found["source"]["kustomize"]["images"] == ["app=registry.example:5000/app:v3"]
    assert "syncOptions" not in found["syncPolicy"]
    driftless("app", "unset", "payments", "--nameprefix", "--kustomize-image", "app=registry.example:5000/app:v3")
    assert "kustomize" not in spec(driftless)["source"]
    driftless("app", "set", "payments", "--sync-policy", "none")
    assert "syncPolicy" not in spec(driftless)


def test_a_destination_has_a_server_or_a_name(driftless: Command) -> None:
    driftless(*CREATE)
    driftless("app", "set", "payments", "--dest-name", "prod")
    assert spec(driftless)["destination"] == {"name": "prod", "namespace": "payments"}


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (("app", "create"), "give the application a name"),
        ((*CREATE, "--auto-prune"), "go with --sync-policy automated"),
        ((*CREATE, "--sync-policy", "sometimes"), "must be automated or none"),
        ((*CREATE, "--helm-set", "novalue"), "must be written NAME=VALUE"),
        (("app", "set", "payments", "--sync-retry-limit", "x"), "invalid int value"),
        (("app", "sync"), "no application"),
        (("app", "nothing"), "invalid choice"),
        (("app", "get", "elsewhere/payments"), "namespace argocd"),
        (("app", "wait", "payments", "--resource", "Deployment"), "GROUP:KIND:[NAMESPACE/]NAME"),
    ],
)
def test_wrong_usage_is_a_sentence_and_exit_status_1(driftless: Command, argv: tuple[str, ...], text: str) -> None:
    ended = driftless(*argv)
    assert ended.status == 1
    assert text in ended.err and len(ended.err.splitlines()) == 1
    assert "Traceback" not in ended.err
