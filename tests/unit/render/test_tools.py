"""What a chart or a kustomization may do to this machine: nothing. Real binaries, small limits."""

from __future__ import annotations

import http.server
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from driftless.outlets.confinement import Limits
from driftless.outlets.tools import Command, ToolFailed, Tools
from driftless.vocabulary.errors import DriftlessError

CHART = "apiVersion: v2\nname: c\nversion: 0.1.0\n"
MEBIBYTE = 1 << 20


def chart(root: Path, template: str) -> Command:
    (root / "templates").mkdir(parents=True)
    (root / "Chart.yaml").write_text(CHART)
    (root / "templates/x.yaml").write_text(template)
    return Command("helm", ("template", "."), root, "helm template x", hidden=("hunter2", "0010"))


@pytest.fixture
def server() -> Iterator[str]:
    """Something on loopback, as Lambda's runtime API is."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join(timeout=10)


@pytest.mark.parametrize(
    ("template", "limits", "sentence"),
    [
        ("{{ range until 30000 }}{{ range until 30000 }}{{ end }}{{ end }}", Limits(seconds=1), "not done after 1 s"),
        ("{{ range until 2000000000 }}{{ end }}", Limits(memory_bytes=256 * MEBIBYTE), "needs more than 256 MiB"),
        ("a: {{ repeat 2000000000 `x` }}", Limits(memory_bytes=256 * MEBIBYTE), "needs more than 256 MiB"),
        ("a: {{ repeat 3000000 `x` }}", Limits(output_bytes=MEBIBYTE), "wrote more than 1 MiB, ended"),
        ('{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}', Limits(), "c/templates/x.yaml:1:"),
    ],
    ids=["loops", "eats-memory", "one-huge-text", "huge-output", "calls-itself"],
)
def test_a_chart_that_misbehaves_is_ended_at_its_limit(
    template: str, limits: Limits, sentence: str, tmp_path: Path, tools_path: str
) -> None:
    with pytest.raises(ToolFailed, match=rf"^helm template x: .*{sentence}"):
        Tools(tools_path, limits).run(chart(tmp_path / "c", template))


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ('{{ fail "the password hunter2 is bad" }}', "the password (hidden) is bad"),
        ("{{ .Values.a.b }}", "nil pointer evaluating interface {}.b"),
        ("{{ .Values.a.b ", "unclosed action"),
        ("a: b: c", "mapping values are not allowed in this context"),
    ],
)
def test_a_failure_is_helms_own_sentence_without_hidden_values(
    template: str, said: str, tmp_path: Path, tools: Tools
) -> None:
    with pytest.raises(ToolFailed) as failed:
        tools.run(chart(tmp_path / "c", template))
    assert said in str(failed.value)
    assert "hunter2" not in str(failed.value) and str(tmp_path) not in str(failed.value)


def test_a_tool_reaches_no_network_not_even_loopback(tmp_path: Path, tools: Tools, server: str) -> None:
    (tmp_path / "kustomization.yaml").write_text(f"resources: ['{server}/x.yaml']\n")
    with pytest.raises(ToolFailed, match="socket: permission denied"):
        tools.run(Command("kustomize", ("build", "."), tmp_path, "kustomize build x"))
    with urllib.request.urlopen(server, timeout=10) as answer:  # this process keeps its own network
        assert answer.status == 200


def test_a_tool_sees_none_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    (tmp_path / "env").symlink_to("/usr/bin/env")
    out = Tools(str(tmp_path)).run(Command("env", (), tmp_path, "env")).decode()
    names = {line.partition("=")[0] for line in out.splitlines()}
    assert "hunter2" not in out and not any(name.startswith("AWS") for name in names)
    assert names <= {"PATH", "HOME", "TMPDIR", "GOGC", "GOMEMLIMIT", "HTTP_PROXY", "HTTPS_PROXY", "PWD"} | {
        name for name in names if name.startswith("HELM_")
    }


def test_what_a_tool_started_ends_with_it(tmp_path: Path) -> None:
    script = tmp_path / "forks"
    script.write_text("#!/bin/sh\n/bin/sleep 60 & echo $! > pid\nwait\n")
    script.chmod(0o755)
    with pytest.raises(ToolFailed, match=r"not done after 0.5 s, ended"):
        Tools(str(tmp_path), Limits(seconds=0.5)).run(Command("forks", (), tmp_path, "forks"))
    pid = int((tmp_path / "pid").read_text())
    state = subprocess.run(["/bin/ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    assert state.stdout.strip() in ("", "Z")


def test_a_tool_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DriftlessError, match=r"the helm binary is not on PATH; .* tools layer"):
        Tools(str(tmp_path)).run(Command("helm", (), tmp_path, "helm template x"))


def test_our_output_is_the_tools_own(tmp_path: Path, tools: Tools, tools_path: str) -> None:
    command = chart(tmp_path / "c", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: é}\n")
    own = subprocess.run(
        ["helm", *command.arguments],
        cwd=command.folder,
        env={"PATH": tools_path, "HOME": str(tmp_path)},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert tools.run(command) == own.stdout


def test_the_home_of_the_tools_goes_with_them() -> None:
    tools = Tools()
    home = Path(tools._home)
    assert list(home.iterdir()) == []
    del tools
    assert not home.exists()
