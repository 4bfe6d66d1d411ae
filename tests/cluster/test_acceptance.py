"""The lessons' manifests, as they stand: each Application is accepted, those with automation end Synced and Healthy.

The lessons' repositories are mapped to local ones by the stack's mirrors; what they hold is devstack/sample.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from devstack.build import ROOT
from devstack.push import Checkout

MANIFESTS = ROOT.parent / "shared" / "acceptance" / "manifests"
SAMPLE = ROOT / "devstack" / "sample"
REPOSITORIES = ("acme-corp/gitops-manifests", "my-org/ai-repo", "YOUR_USER/ai-coderrank", "intern/myapp-deploy")
PATIENCE = 90.0

pytestmark = pytest.mark.skipif(not MANIFESTS.is_dir(), reason=f"the lessons' manifests are not at {MANIFESTS}")


def driftless(stack: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "scripts" / "driftless"), *arguments]
    return subprocess.run(command, env=os.environ | stack, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def pushed(running_stack: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    work = tmp_path_factory.mktemp("lessons")
    for name in REPOSITORIES:
        shutil.copytree(SAMPLE / name, work / name)
        Checkout(work / name, running_stack.environment["DRIFTLESS_GIT_URL"], name).push("the lesson's manifests")


def manifests(kind: str) -> list[Path]:
    if not MANIFESTS.is_dir():
        return []
    return [path for path in sorted(MANIFESTS.glob("*.yaml")) if yaml.safe_load(path.read_text())["kind"] == kind]


def status(stack: dict[str, str], name: str) -> dict[str, Any]:
    done = driftless(stack, "app", "get", name, "-o", "json")
    return dict(json.loads(done.stdout)["status"]) if done.returncode == 0 else {}


def until_well(stack: dict[str, str], name: str) -> None:
    deadline = time.monotonic() + PATIENCE
    shown: dict[str, Any] = {}
    while time.monotonic() < deadline:
        shown = status(stack, name)
        if (shown.get("sync") or {}).get("status") == "Synced" and shown["health"]["status"] == "Healthy":
            return
        time.sleep(0.3)
    raise AssertionError(f"{name} is not Synced and Healthy: {json.dumps(shown, indent=1)[:3000]}")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("manifest", manifests("Application"), ids=lambda path: path.stem)
def test_an_application_of_the_lessons_is_accepted_and_synced(
    manifest: Path, stack: dict[str, str], pushed: None
) -> None:
    document = yaml.safe_load(manifest.read_text())
    done = driftless(stack, "apply", "-f", str(manifest))
    assert done.returncode == 0, done.stderr
    name = document["metadata"]["name"]
    assert status(stack, name)
    if (document["spec"].get("syncPolicy") or {}).get("automated") is not None:
        until_well(stack, name)


@pytest.mark.timeout(300)
def test_platform_root_brings_up_its_children(stack: dict[str, str], pushed: None) -> None:
    done = driftless(stack, "apply", "-f", str(MANIFESTS / "platform-root.yaml"))
    assert done.returncode == 0, done.stderr
    for name in ("platform-root", "payments-service", "user-api-staging"):
        until_well(stack, name)


@pytest.mark.parametrize("name", ["payments-all-clusters", "payments-project", "argocd-rbac-cm"])
def test_what_is_not_built_yet_is_refused_with_a_sentence(name: str, stack: dict[str, str]) -> None:
    kind = yaml.safe_load((MANIFESTS / f"{name}.yaml").read_text())["kind"]
    done = driftless(stack, "apply", "-f", str(MANIFESTS / f"{name}.yaml"))
    assert done.returncode == 20
    assert kind in done.stderr
    assert "not built yet" in done.stderr
