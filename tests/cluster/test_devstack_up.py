"""`dev up` and `dev down` from outside: no process is left behind, however it ends; an existing cluster will do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack import build, supervisor
from devstack.controlplane import ControlPlane

ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{build.ROOT / 'layers/core'}:{build.ROOT}"}


def dev(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "devstack.main", *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=240)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[str]:
    yield str(tmp_path)
    dev("down", "--state-dir", str(tmp_path))


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pids: list[int], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(alive, pids))


def parts(state: str) -> list[int]:
    return list(json.loads((Path(state) / "stack.json").read_text())["parts"].values())


@pytest.mark.skipif(sys.platform != "linux", reason="dying with the parent is the Linux kernel's service")
def test_a_killed_supervisor_leaves_no_process_and_the_next_up_works(state: str) -> None:
    up = dev("up", "--detach", "--state-dir", state)
    assert up.returncode == 0 and "the stack is up" in up.stdout, up.stdout + up.stderr
    pids = parts(state)
    assert len(pids) == 8 and all(map(alive, pids))
    assert "already up" in dev("up", "--detach", "--state-dir", state).stdout
    os.kill(supervisor.running(Path(state)), signal.SIGKILL)
    assert gone(pids)
    assert dev("status", "--state-dir", state).returncode == 1
    assert dev("up", "--detach", "--state-dir", state).returncode == 0


def test_down_stops_every_part_and_keeps_the_logs(state: str) -> None:
    assert dev("up", "--detach", "--state-dir", state).returncode == 0
    assert "export DRIFTLESS_URL=http://127.0.0.1:" in dev("env", "--state-dir", state).stdout
    pids = parts(state)
    assert dev("down", "--state-dir", state).returncode == 0
    assert gone(pids)
    assert (Path(state) / "clusters/in-cluster/logs/kube-apiserver.log").is_file()


@pytest.mark.skipif(sys.platform != "linux", reason="processes are counted in /proc")
def test_when_one_part_dies_the_rest_is_stopped_and_the_reason_said(state: str) -> None:
    assert dev("up", "--detach", "--state-dir", state).returncode == 0
    named = json.loads((Path(state) / "stack.json").read_text())["parts"]
    os.kill(named["git-server"], signal.SIGKILL)
    assert gone(list(named.values()))
    assert "git-server ended" in (Path(state) / "up.log").read_text()


def test_an_existing_cluster_is_used_as_it_is(state: str, controlplane: ControlPlane) -> None:
    before = controlplane.request("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/driftless-sync")[0]
    up = dev("up", "--detach", "--state-dir", state, "--kubeconfig", str(controlplane.kubeconfig))
    assert up.returncode == 0, up.stdout + up.stderr
    assert len(parts(state)) == 3
    assert f"export KUBECONFIG={controlplane.kubeconfig}" in dev("env", "--state-dir", state).stdout
    after = controlplane.request("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/driftless-sync")[0]
    assert before == after == 404


def test_an_existing_cluster_and_more_of_our_own_are_not_mixed(state: str) -> None:
    up = dev("up", "--state-dir", state, "--kubeconfig", "any", "--clusters", "2")
    assert up.returncode == 1 and "one existing cluster" in up.stderr
