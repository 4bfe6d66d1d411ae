"""The whole development stack: its parts see each other, and the sync role, and no other, gets into the cluster."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from botocore.credentials import Credentials

from devstack import build, main
from devstack.stack import Stack
from driftless.outlets import eks

NAMES = (
    *("KUBECONFIG", "DRIFTLESS_URL", "DRIFTLESS_TOKEN", "DRIFTLESS_WEBHOOK_URL", "DRIFTLESS_WEBHOOK_SECRET"),
    *("DRIFTLESS_GIT_URL", "DRIFTLESS_TABLE", "DRIFTLESS_BUCKET", "DRIFTLESS_SYNC_FUNCTION"),
    *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA", "AWS_REGION", "AWS_DEFAULT_REGION"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
)


def test_the_environment_has_every_name_of_the_contract(stack: dict[str, str]) -> None:
    assert [name for name in NAMES if not stack.get(name)] == []


def test_kubectl_works_with_the_kubeconfig(stack: dict[str, str]) -> None:
    command = [str(build.kubectl()), "get", "nodes", "-o", "name"]
    done = subprocess.run(command, env=os.environ | stack, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "node/node-1", done.stderr


def test_a_push_creates_a_repository_and_its_first_branch_is_its_head(stack: dict[str, str], tmp_path: Path) -> None:
    address = f"{stack['DRIFTLESS_GIT_URL']}/team/app.git"
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    for command in (
        ["init", "-q", "-b", "trunk", "."],
        [*identity, "commit", "-q", "--allow-empty", "-m", "first"],
        ["push", "-q", address, "trunk"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, timeout=60)
    listed = subprocess.run(
        ["git", "ls-remote", "--symref", address, "HEAD"], capture_output=True, text=True, timeout=60
    )
    assert "ref: refs/heads/trunk" in listed.stdout
    with urllib.request.urlopen(f"{stack['DRIFTLESS_GIT_URL']}/-/counts", timeout=10) as answer:
        assert json.load(answer)["team/app.git"]["ls-refs"] == 1


@pytest.mark.parametrize(("role", "status"), [("SyncRole", 200), ("FetchRole", 401)])
def test_the_sync_roles_token_and_no_other_opens_the_cluster(
    running_stack: Stack, monkeypatch: pytest.MonkeyPatch, role: str, status: int
) -> None:
    settings = json.loads((running_stack.folder / "host.json").read_text())
    (keys,) = [i for i in settings["identities"] if i["arn"].endswith(f"/driftless-{role}")]
    monkeypatch.setenv("AWS_ENDPOINT_URL", running_stack.aws.endpoint)
    credentials = Credentials(keys["access_key"], keys["secret"], keys["token"])
    plane = running_stack.planes["in-cluster"]
    headers = {"Authorization": f"Bearer {eks.sign('in-cluster', 'us-east-1', credentials)}"}
    request = urllib.request.Request(f"{plane.endpoint}/api/v1/secrets", headers=headers)
    context = ssl.create_default_context(cafile=str(plane.ca_file))
    try:
        answered = urllib.request.urlopen(request, timeout=20, context=context).status
    except urllib.error.HTTPError as refusal:
        answered = refusal.code
    assert answered == status


def test_nothing_is_up_in_an_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["env", "--state-dir", str(tmp_path)]) == 1
    assert "no development stack is up" in capsys.readouterr().err
    assert main.run(["down", "--state-dir", str(tmp_path)]) == 0
