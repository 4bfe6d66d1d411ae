"""Hostile repositories on the whole stack: each is refused in a sentence that names it, and nobody else notices.

The repository holds one folder for each kind of bad input and a good one; the applications are made at once.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from devstack.build import ROOT
from devstack.push import Checkout
from devstack.stack import Stack
from tests.cluster.hostile import Hands, application, conditions, is_well, push_with_submodule

GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\ndata: {a: b}\n"
CHART = "apiVersion: v2\nname: c\nversion: 0.1.0\n"
BOMB = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
FILES = {
    "good/a.yaml": GOOD,
    "loop/Chart.yaml": CHART,
    "loop/templates/a.yaml": "{{ range until 100000 }}{{ range until 100000 }}{{/* */}}{{ end }}{{ end }}",
    "memory/Chart.yaml": CHART,
    "memory/templates/a.yaml": "{{ range untilStep 0 2000000000 1 }}a{{ end }}",
    "no-yaml/a.yaml": GOOD + "---\n{ this: [is not\n",
    "no-kind/a.yaml": GOOD + "---\napiVersion: v1\nmetadata: {name: x}\n",
    "twice/a.yaml": GOOD,
    "twice/b.yaml": GOOD,
    "tab/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: x\n",
    "bomb/a.yaml": GOOD + BOMB,
    "large/a.yaml": GOOD,
    "large/b.yaml": "#" * 100_000_000,
    "secret/a.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: [hunter2]\n",
    "chart-outside/Chart.yaml": CHART
    + "dependencies: [{name: d, version: 1.0.0, repository: 'file://../../../etc'}]\n",
    "chart-metadata/Chart.yaml": CHART
    + "dependencies: [{name: d, version: 1.0.0, repository: 'http://169.254.169.254/'}]\n",
    "base-remote/kustomization.yaml": "resources: ['https://github.com/evil/base//x?ref=main']\n",
    "base-metadata/kustomization.yaml": "resources: ['http://169.254.169.254/latest/meta-data']\n",
    "base-outside/kustomization.yaml": "resources: [../../../../etc/passwd]\n",
    "base-exec/kustomization.yaml": "generators: [g.yaml]\n",
    "base-exec/g.yaml": "apiVersion: a/v1\nkind: G\nmetadata: {name: g, annotations: {config.kubernetes.io/function: "
    '"exec: {path: /bin/sh}"}}\n',
}
REFUSED = {
    "no-yaml": r"no-yaml/a.yaml: document 2, line \d+: while parsing",
    "no-kind": r"no-kind/a.yaml: document 2 has no kind",
    "tab": r"tab/a.yaml: document 1, line 4: .*a tab cannot indent",
    "bomb": r"bomb/a.yaml: document 1, line \d+: its aliases expand to too much",
    "large": r"its manifests are more than 10 MB together, up to large/b.yaml",
    "chart-outside": r"chart-outside/Chart.yaml: the dependency file://../../../etc leads out of the repository",
    "chart-metadata": r"chart-metadata: the chart's dependencies d are not in its charts/ folder",
    "base-remote": r"base-remote/kustomization.yaml: resources entry https://github.com/evil/base.* is outside",
    "base-metadata": r"base-metadata/kustomization.yaml: resources entry http://169.254.169.254/.* is outside",
    "base-outside": r"base-outside/kustomization.yaml: resources entry .*etc/passwd leads out of the repository",
    "base-exec": r"kustomize build base-exec: .*plugins disabled",
    "link": r"the link link/a.yaml leads out of the repository, to /proc/self/environ",
    "module/inside": r"module/inside is a Git submodule",
    "../../etc": r"path ../../etc leads out of the repository",
    "absent": r"path absent does not exist in https://github.com/hostile/files.git",
    "memory": r"helm template memory: needs more than 768 MiB of memory, ended",
    "loop": r"helm template loop: not done after 30 s, ended",
}
SOURCES = {
    "http://169.254.169.254/latest/meta-data.git": r"leads to 169.254.169.254, which is not a Git host",
    "file:///etc": r"file:///etc is not an address we fetch from",
    "git@github.com:elsewhere/files.git": r"Git over ssh is not built yet",
    "https://[::1/x": r"is not an address",
    "--upload-pack=touch /tmp/x": r"is not an address",
}
SECRET = "tOpSeCrEt-of-the-hostile-test"


def named(path: str) -> str:
    return "bad-" + re.sub(r"[^a-z]+", "-", path.lower()).strip("-")


@pytest.fixture(scope="module")
def hands(running_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Hands:
    return Hands(running_stack.environment, tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def files(hands: Hands) -> Iterator[Checkout]:
    """The repository, with every application made; gone with its applications afterwards."""
    made = hands.repository("files")
    made.write(FILES)
    (made.folder / "link").mkdir()
    (made.folder / "link/a.yaml").symlink_to("/proc/self/environ")
    push_with_submodule(made, "module/inside")
    paths = ["loop", "memory", "good", *(p for p in (*REFUSED, "twice", "secret") if p not in ("loop", "memory"))]
    for path in paths:
        hands.application(named(path), made, path)
    for url in SOURCES:
        hands.application(named(url), url, ".")
    yield made
    for name in (*paths, *SOURCES):
        hands.call("DELETE", f"/api/v1/applications/{named(name)}?cascade=false")


@pytest.mark.timeout(120)
def test_the_good_one_among_bad_ones_is_synced_while_a_chart_loops(hands: Hands, files: Checkout) -> None:
    hands.well(named("good"))
    assert "ComparisonError" not in conditions(hands.status(named("loop")))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("path", [p for p in REFUSED if p != "loop"])
def test_bad_content_is_refused_by_name(path: str, hands: Hands, files: Checkout) -> None:
    assert re.search(REFUSED[path], hands.trouble(named(path)))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("url", SOURCES)
def test_an_address_that_is_no_git_host_is_refused_by_name(url: str, hands: Hands, files: Checkout) -> None:
    assert re.search(SOURCES[url], hands.trouble(named(url)))


@pytest.mark.timeout(120)
def test_an_object_that_is_there_twice_is_warned_about(hands: Hands, files: Checkout) -> None:
    found = conditions(hands.well(named("twice")))
    assert "good appears 2 times among the application's objects" in found["RepeatedResourceWarning"]


@pytest.mark.timeout(120)
def test_a_secret_that_is_none_is_refused_without_its_content(hands: Hands, files: Checkout) -> None:
    status = hands.until(named("secret"), lambda s: "is refused" in str(s.get("operationState")))
    assert "Secret bad-secret/x is refused (Invalid): .stringData: expected map" in status["operationState"]["message"]
    assert "hunter2" not in str(status)


@pytest.mark.timeout(120)
def test_a_broken_commit_keeps_what_runs_and_the_repair_goes_on(hands: Hands) -> None:
    made = hands.repository("broken")
    made.write({"a.yaml": GOOD, "b.yaml": GOOD.replace("good", "other")})
    made.push("good")
    hands.application("bad-broken", made, ".")
    before = hands.well("bad-broken")
    made.write({"a.yaml": "apiVersion: v1\nkind: [\nmetadata:\n", "b.yaml": None})
    made.push("broken")
    assert made.deliver(hands.hook) == 202
    assert hands.trouble("bad-broken").startswith("a.yaml: document 1")
    status = hands.status("bad-broken")
    assert status["sync"]["status"] == "Unknown" and len(status["history"]) == len(before["history"]) == 1
    live = hands.call("GET", "/api/v1/applications/bad-broken/managed-resources").text
    for name in ("good", "other"):
        assert kubectl(hands, "get", "configmap", name, "-n", "bad-broken", "-o", "name") == f"configmap/{name}\n", live
    made.write({"a.yaml": GOOD.replace("a: b", "a: repaired")})
    sha = made.push("repaired")
    assert made.deliver(hands.hook) == 202
    status = hands.until("bad-broken", lambda s: s["sync"].get("revision") == sha and is_well(s))
    assert not conditions(status) and len(status["history"]) == 2
    assert kubectl(hands, "get", "configmap", "-n", "bad-broken", "-l", "!x", "-o", "name").count("other") == 0


@pytest.mark.timeout(120)
def test_the_value_of_a_secret_is_nowhere_but_in_git_the_cluster_and_the_bundle(
    hands: Hands, running_stack: Stack
) -> None:
    made = hands.repository("secret")
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: NAME}\nstringData: {password: VALUE}\n"
    made.write({f"{n}.yaml": secret.replace("NAME", n).replace("VALUE", SECRET + n) for n in ("fresh", "adopted")})
    made.push("secrets")
    kubectl(hands, "create", "namespace", "bad-secrets")
    kubectl(
        hands, "apply", "-n", "bad-secrets", "-f", "-", given=secret.replace("NAME", "adopted").replace("VALUE", SECRET)
    )
    shown = [answers(hands, "bad-secrets", application("bad-secrets", made, "."))]
    hands.well("bad-secrets")
    shown.append(answers(hands, "bad-secrets"))
    change = f'{{"stringData": {{"password": "{SECRET}-drifted"}}}}'
    kubectl(hands, "patch", "secret", "fresh", "-n", "bad-secrets", "--type=merge", "-p", change)
    shown.append(answers(hands, "bad-secrets"))
    shown.append(table(running_stack))
    shown += [path.read_text(errors="replace") for path in running_stack.folder.rglob("*.log")]
    for text in shown:
        assert not leaked(text), leaked(text)


def answers(hands: Hands, name: str, create: dict[str, Any] | None = None) -> str:
    """All that REST, the page and `app diff` say about one application."""
    said = [hands.call("POST", "/api/v1/applications", create).text] if create else []
    for part in ("", "/managed-resources", "/manifests", "/resource-tree", "/events"):
        said.append(hands.call("GET", f"/api/v1/applications/{name}{part}").text)
    said.append(hands.call("GET", f"/applications/{name}").text)
    command = [str(ROOT / "scripts/driftless"), "app", "diff", name]
    environment = os.environ | dict(hands.environment)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return "\n".join([*said, done.stdout, done.stderr])


def table(stack: Stack) -> str:
    """Every item of the table; what is compressed is opened."""
    import zlib

    key, secret = (stack.environment[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
    client = boto3.client(
        "dynamodb",
        endpoint_url=stack.aws.endpoint,
        region_name=stack.environment["AWS_REGION"],
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )
    found = []
    for page in client.get_paginator("scan").paginate(TableName=stack.environment["DRIFTLESS_TABLE"]):
        for item in page["Items"]:
            found.append(repr(item))
            found += [zlib.decompress(v["B"]).decode() for v in item.values() if v.get("B", b"")[:1] == b"x"]
    assert found
    return "\n".join(found)


def leaked(text: str) -> str:
    """Where a text holds the secret's value, or its base64 at any alignment; "" for nowhere."""
    encoded = [base64.b64encode(b" " * n + SECRET.encode()).decode()[4 * (n > 0) : -4] for n in range(3)]
    for needle in (SECRET, *encoded):
        if needle in text:
            return text[max(0, text.index(needle) - 200) :][:300]
    return ""


def kubectl(hands: Hands, *arguments: str, given: str = "") -> str:
    binary = next(Path.home().glob(".cache/driftless/bin/*/kubectl"))
    environment = os.environ | {"KUBECONFIG": hands.environment["KUBECONFIG"]}
    done = subprocess.run(
        [str(binary), *arguments], env=environment, input=given, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(120)
def test_a_chart_that_loops_is_ended_at_its_limit(hands: Hands, files: Checkout) -> None:
    assert re.search(REFUSED["loop"], hands.trouble(named("loop")))
