"""apply, delete, clusters, catalog, account, version, dev; how the console is found; help."""

from __future__ import annotations

import argparse
import base64
import io
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from driftless.cli import dev, kubeconfig, output
from driftless.cli.exits import Stop
from driftless.cli.main import build_parser, main
from driftless.vocabulary.version import VERSION
from tests.unit.cli.conftest import Command
from tests.unit.console.stage import COMMIT, SYNCED, payments, works

ROOT = Path(__file__).parents[3]


def written(folder: Path, *documents: Any, name: str = "manifests.yaml") -> str:
    path = folder / name
    path.write_text(yaml.safe_dump_all(documents))
    return str(path)


def test_apply_creates_then_leaves_alone_then_configures(driftless: Command, tmp_path: Path) -> None:
    path = written(tmp_path, payments(), payments("orders"))
    assert driftless("apply", "-f", path).out == (
        "application.argoproj.io/payments created\napplication.argoproj.io/orders created\n"
    )
    assert driftless("apply", "-f", path).out.count("unchanged") == 2
    path = written(tmp_path, payments(revisionHistoryLimit=2))
    assert driftless("apply", "-f", path).out == "application.argoproj.io/payments configured\n"
    assert driftless("delete", "-f", path).out == "application.argoproj.io/payments deleted\n"


def test_apply_reads_folders_and_stdin(driftless: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "deep").mkdir()
    written(tmp_path, payments())
    written(tmp_path / "deep", {"kind": "List", "apiVersion": "v1", "items": [payments("orders")]})
    (tmp_path / "notes.txt").write_text("not a manifest")
    assert driftless("apply", "-f", str(tmp_path)).out.count("created") == 1
    assert driftless("apply", "-R", "-f", str(tmp_path)).out.splitlines()[0] == "application.argoproj.io/orders created"
    data = io.TextIOWrapper(io.BytesIO(json.dumps(payments("stdin")).encode()))
    monkeypatch.setattr("sys.stdin", data)
    assert driftless("apply", "-f", "-").out == "application.argoproj.io/stdin created\n"


@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        ({"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet"}, "an ApplicationSet is not built yet"),
        ({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject"}, "an AppProject is not built yet"),
        ({"apiVersion": "v1", "kind": "ConfigMap"}, "the ConfigMap argocd-rbac-cm is not built yet"),
        ({"apiVersion": "batch/v1", "kind": "Job"}, "put it into Git"),
        ({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}, "spec is required"),
    ],
)
def test_what_cannot_be_applied_is_refused_beside_what_can(
    driftless: Command, tmp_path: Path, manifest: dict[str, Any], sentence: str
) -> None:
    path = written(tmp_path, manifest | {"metadata": {"name": "argocd-rbac-cm"}}, payments())
    ended = driftless("apply", "-f", path)
    assert ended.status == 20
    assert sentence in ended.err and "document 1" in ended.err
    assert ended.out == "application.argoproj.io/payments created\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("a: [", "is not YAML, line"), ("- 1", "it has no kind"), ("", "there is no manifest"), ("\ta: 1", "is not YAML")],
)
def test_a_file_that_cannot_be_read_leaves_nothing_half_done(
    driftless: Command, tmp_path: Path, text: str, sentence: str
) -> None:
    good = written(tmp_path, payments(), name="a.yaml")
    (tmp_path / "b.yaml").write_text(text)
    files = ("-f", str(tmp_path / "b.yaml")) if text == "" else ("-f", good, "-f", str(tmp_path / "b.yaml"))
    ended = driftless("apply", *files)
    assert (ended.status, ended.out) == (20, "")
    assert sentence in ended.err
    assert driftless("app", "list", "-o", "name").out == ""


def test_deleting_what_is_not_there_is_an_error_unless_said(driftless: Command, tmp_path: Path) -> None:
    path = written(tmp_path, payments())
    assert driftless("delete", "-f", path).status == 20
    assert driftless("delete", "-f", path, "--ignore-not-found").status == 0


CONFIG: dict[str, Any] = {
    "contexts": [
        {"name": "prod", "context": {"cluster": "prod", "user": "eks"}},
        {"name": "local", "context": {"cluster": "local", "user": "token"}},
        {"name": "certified", "context": {"cluster": "local", "user": "cert"}},
        {"name": "nobody", "context": {"cluster": "local", "user": "none"}},
        {"name": "blind", "context": {"cluster": "blind", "user": "token"}},
    ],
    "clusters": [
        {"name": "prod", "cluster": {"server": "https://prod.example", "certificate-authority-data": "Q0E="}},
        {"name": "local", "cluster": {"server": "https://127.0.0.1:6443", "certificate-authority": "ca.pem"}},
        {"name": "blind", "cluster": {"server": "https://b.example", "insecure-skip-tls-verify": True}},
    ],
    "users": [
        {
            "name": "eks",
            "user": {
                "exec": {
                    "command": "aws",
                    "args": ["--region", "eu-west-1", "eks", "get-token", "--cluster-name", "prod-eks"],
                }
            },
        },
        {"name": "token", "user": {"token": "t"}},
        {"name": "cert", "user": {"client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ"}},
    ],
}


@pytest.fixture
def kubeconfig_file(tmp_path: Path) -> str:
    (tmp_path / "ca.pem").write_text("CA")
    return written(tmp_path, CONFIG, name="config")


CA = base64.b64encode(b"CA").decode()


@pytest.mark.parametrize(
    ("context", "config"),
    [
        (
            "prod",
            {"endpoint": "https://prod.example", "caData": "Q0E=", "awsClusterName": "prod-eks", "region": "eu-west-1"},
        ),
        ("local", {"endpoint": "https://127.0.0.1:6443", "caData": CA, "bearerToken": "t"}),
        ("certified", {"endpoint": "https://127.0.0.1:6443", "caData": CA, "certData": "Q0VSVA==", "keyData": "S0VZ"}),
    ],
)
def test_a_context_becomes_a_configuration(kubeconfig_file: str, context: str, config: dict[str, str]) -> None:
    assert kubeconfig.read(context, kubeconfig_file) == config


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        ("missing", "there are: prod, local, certified, nobody, blind"),
        ("nobody", "no token and no client certificate"),
        ("blind", "does not verify its cluster"),
    ],
)
def test_a_context_that_will_not_do_says_why(kubeconfig_file: str, context: str, sentence: str) -> None:
    with pytest.raises(Stop, match=sentence):
        kubeconfig.read(context, kubeconfig_file)


def test_clusters_are_added_listed_and_removed(
    driftless: Command, kubeconfig_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTLESS_STORED_CLUSTER_CREDENTIALS", "allowed")
    added = driftless("cluster", "add", "prod", "--name", "prod-us-east", "--kubeconfig", kubeconfig_file)
    assert added.out == "Cluster 'https://prod.example' added\n"
    assert driftless("cluster", "add", "local", "--in-cluster", "--kubeconfig", kubeconfig_file).status == 0
    header, *rows = driftless("cluster", "list").out.splitlines()
    assert header.split() == ["SERVER", "NAME", "VERSION", "STATUS", "MESSAGE", "PROJECT"]
    assert rows == [
        "https://kubernetes.default.svc  in-cluster             Unknown  no application goes to this cluster yet",
        "https://prod.example            prod-us-east           Unknown  no application goes to this cluster yet",
    ]
    assert "awsClusterName: prod-eks" in driftless("cluster", "get", "prod-us-east").out
    assert "bearerToken" not in driftless("cluster", "get", "in-cluster", "-o", "json").out
    assert driftless("cluster", "rm", "prod-us-east").out == "Cluster 'prod-us-east' removed\n"
    assert driftless("cluster", "rm", "prod-us-east").status == 20


def test_repositories_projects_and_sets_are_listed(driftless: Command, tmp_path: Path) -> None:
    driftless("apply", "-f", written(tmp_path, payments()))
    works(driftless.console, "payments", status=SYNCED)
    repositories = driftless("repo", "list").out.splitlines()
    assert " ".join(repositories[0].split()) == "TYPE NAME REPO INSECURE OCI LFS CREDS STATUS MESSAGE PROJECT"
    assert "https://github.com/acme-corp/gitops-manifests.git" in repositories[1]
    assert driftless("proj", "list").out.splitlines()[1].split()[0] == "default"
    assert driftless("proj", "get", "payments").status == 20
    columns = "NAME PROJECT SYNCPOLICY HEALTH CONDITIONS REPO PATH TARGET"
    assert " ".join(driftless("appset", "list").out.split()) == columns


def test_who_and_what_version(driftless: Command) -> None:
    assert driftless("account", "can-i", "sync", "applications", "default/*").out == "yes\n"
    assert driftless("account", "get-user-info").out.splitlines()[1] == "Username:           admin"
    found = json.loads(driftless("version", "-o", "json").out)
    assert (found["client"]["Version"], found["server"]["Version"]) == (f"v{VERSION}", f"v{VERSION}")
    assert driftless("version", "--client", "--short").out == f"driftless: v{VERSION}\n"


def test_the_version_is_the_projects() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_warnings_go_to_stderr(driftless: Command, tmp_path: Path) -> None:
    ended = driftless("apply", "-f", written(tmp_path, payments(syncPolcy={})))
    assert ended.err == "warning: unknown field spec.syncPolcy (did you mean syncPolicy?)\n"


@pytest.mark.parametrize(
    ("missing", "sentence"), [("DRIFTLESS_URL", "set DRIFTLESS_URL"), ("DRIFTLESS_TOKEN", "set DRIFTLESS_TOKEN")]
)
def test_what_is_not_set_is_named_with_the_way_to_set_it(
    driftless: Command, monkeypatch: pytest.MonkeyPatch, missing: str, sentence: str
) -> None:
    monkeypatch.delenv(missing)
    ended = driftless("app", "list")
    assert ended.status == 20
    assert sentence in ended.err and 'eval "$(scripts/driftless dev env)"' in ended.err


def test_a_wrong_token_and_a_dead_address_are_sentences(driftless: Command) -> None:
    wrong = driftless("app", "list", "--auth-token", "nope")
    assert wrong.status == 20 and "the token is not valid" in wrong.err and "nope" not in wrong.err
    dead = driftless("app", "list", "--server", "http://127.0.0.1:9")
    assert dead.status == 20 and "is not answering" in dead.err and len(dead.err.splitlines()) == 1


def test_iam_signs_and_goes_to_the_other_door(driftless: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    answer = driftless.console.answer

    def watched(event: dict[str, Any]) -> Any:
        seen.append(event)
        event["requestContext"]["authorizer"] = {"iam": {"userArn": "arn:aws:iam::111122223333:user/me"}}
        return answer(event)

    driftless.console.answer = watched  # type: ignore[method-assign]
    monkeypatch.setenv("DRIFTLESS_AUTH", "iam")
    monkeypatch.delenv("DRIFTLESS_TOKEN")
    ended = driftless("account", "get-user-info", "-o", "json")
    assert json.loads(ended.out)["username"] == "arn:aws:iam::111122223333:user/me"
    assert seen[0]["rawPath"] == "/iam/api/v1/session/userinfo"
    assert "/us-east-1/execute-api/aws4_request" in seen[0]["headers"]["authorization"]


def commands(parser: argparse.ArgumentParser, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [path]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                found += commands(below, (*path, name))
    return found


COMMANDS = [path for path in commands(build_parser()) if path != ("dev",)]


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "driftless")
def test_every_command_teaches(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([*path, "--help"])
    text = capsys.readouterr().out
    assert stop.value.code == 0
    assert "usage: driftless" in text
    assert "COMMAND" in text or f"examples:\n  driftless {path[0]}" in text or path == ("apply",)


@pytest.mark.parametrize("path", [(), ("app",), ("cluster",)])
def test_a_noun_alone_shows_its_verbs_and_exits_1(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(list(path)) == 1
    assert "commands:" in capsys.readouterr().out


def test_dev_is_the_checkouts_own_and_refused_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "_CHECKOUT", Path("/nowhere"))
    assert main(["dev", "up"]) == 20
    assert "from a checkout of Driftless only" in capsys.readouterr().err


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(output, "on_terminal", lambda: True)
    output.say("payments  Synced  Degraded  NotSynced")
    assert capsys.readouterr().out == "payments  \x1b[32mSynced\x1b[0m  \x1b[31mDegraded\x1b[0m  NotSynced\n"
    assert COMMIT not in output._COLOUR_OF
