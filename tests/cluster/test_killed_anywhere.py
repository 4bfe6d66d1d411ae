"""A worker that is killed at any moment of a first sync costs time and nothing else.

The lessons' payments application is synced from nothing, each time with a kill at another touch of the outside; then
its messages come again, as SQS would bring them. It ends Synced and Healthy, with one history entry.
"""

from __future__ import annotations

import shutil
import time
from typing import Any

import pytest
import yaml

from devstack.build import ROOT
from devstack.controlplane import ControlPlane
from devstack.push import Checkout
from driftless.flows import register, wiring
from driftless.record import history, state
from tests.cluster import crashing
from tests.cluster.surroundings import PUBLIC

SAMPLE = ROOT / "devstack" / "sample" / "acme-corp" / "gitops-manifests"


@pytest.fixture(scope="module")
def pushed(place_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The lessons' sample repository is on the Git server; the environment of a worker."""
    work = tmp_path_factory.mktemp("killed") / "work"
    shutil.copytree(SAMPLE, work)
    git_url = place_environment["DRIFTLESS_GIT_INSTEAD_OF"].split("=", 1)[1].rstrip("/")
    Checkout(work, git_url, "acme-corp/gitops-manifests", PUBLIC).push("first")
    return place_environment


def _registered(name: str) -> dict[str, Any]:
    """A copy of the payments application with a name and a namespace of its own; the fetch message it needs."""
    manifest = yaml.safe_load((SAMPLE / "apps" / "payments.yaml").read_text())
    manifest["metadata"]["name"] = name
    manifest["spec"]["destination"]["namespace"] = name
    stored, _ = register.create(manifest, wiring.world())
    return {"repository": stored.repository, "applications": [name], "cause": "test"}


def _steps(name: str, message: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [("fetch", message), ("visit", {"application": name})]


def _until_well(environment: dict[str, str], name: str, message: dict[str, Any]) -> state.State:
    """Bring the messages again, as the queue would, until the application is well."""
    world = wiring.world()
    for _ in range(40):
        for step, document in _steps(name, message):
            crashing.run(environment, step, document)
        found = state.read(world.table, world.store(), name)
        shown = found.status
        if (shown.get("sync") or {}).get("status") == "Synced" and shown["health"]["status"] == "Healthy":
            return found
        time.sleep(0.25)
    raise AssertionError(f"{name} is not well: {found.status}")


@pytest.mark.timeout(600)
def test_a_first_sync_killed_at_any_touch_of_the_outside_ends_synced_with_one_history_entry(
    pushed: dict[str, str], controlplane: ControlPlane
) -> None:
    message = _registered("whole")
    touches = [crashing.run(pushed, step, document)[1] for step, document in _steps("whole", message)]
    moments = [(step, at) for step, count in enumerate(touches) for at in range(1, count + 1)]
    assert len(moments) >= 20, f"only {moments} to kill at"
    _until_well(pushed, "whole", message)
    for number, (step, at) in enumerate(moments):
        name = f"killed-{number:02d}"
        message = _registered(name)
        steps = _steps(name, message)
        time.sleep(crashing.LEASE_SECONDS)  # the last one's killed fetch may hold the repository's lease until then
        for position in range(step):
            crashing.run(pushed, *steps[position])
        survived, _ = crashing.run(pushed, *steps[step], kill_at=at)
        assert not survived, f"{steps[step][0]} touched the outside fewer than {at} times"
        found = _until_well(pushed, name, message)
        entries = history.read(wiring.world().table, name)
        assert [entry["id"] for entry in entries] == [0], (name, step, at)
        assert entries[0]["bundle"] == found.status["bundle"]
        assert found.operation is None and found.asked is None
        _assert_live(controlplane, name)


def _assert_live(controlplane: ControlPlane, namespace: str) -> None:
    for path, name in (
        (f"/apis/apps/v1/namespaces/{namespace}/deployments", "payments"),
        (f"/api/v1/namespaces/{namespace}/services", "payments"),
        (f"/api/v1/namespaces/{namespace}/configmaps", "payments-settings"),
    ):
        status, _ = controlplane.request("GET", f"{path}/{name}")
        assert status == 200, f"{path}/{name}: {status}"
