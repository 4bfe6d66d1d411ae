"""A worker that is killed at any moment of a first sync costs time and nothing else.

The lessons' payments application is synced from nothing, each time with a kill at another touch of the outside; then
its messages come again, as SQS would bring them. It ends Synced and Healthy, with one history entry.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from devstack.build import ROOT, tools
from devstack.controlplane import ControlPlane
from devstack.localaws import LocalAws
from devstack.processes import Processes, free_port
from devstack.push import Checkout
from devstack.stack import python_environment
from devstack.template import Template
from driftless.flows import register, wiring
from driftless.record import clusters, history, state
from driftless.vocabulary.argo import IN_CLUSTER
from tests.cluster import crashing

PUBLIC = "https://github.com"
SAMPLE = ROOT / "devstack" / "sample" / "acme-corp" / "gitops-manifests"


@pytest.fixture(scope="module")
def place(controlplane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Table, bucket, queues, Git server and cluster, and nobody who listens: the environment of a worker."""
    folder = tmp_path_factory.mktemp("killed")
    git_port = free_port()
    git_url = f"http://127.0.0.1:{git_port}"
    aws, processes = LocalAws(folder), Processes(folder / "logs")
    template = Template.load(ROOT / "template.yaml", {"GitInsteadOf": f"{PUBLIC}/={git_url}/"})
    aws.start()
    aws.create(template)
    server = [sys.executable, "-m", "devstack.gitserver", str(folder / "git"), str(git_port)]
    processes.wait_listening(processes.start("git-server", server, python_environment()), git_port)
    environment = _environment(template, aws, git_url)
    before = dict(os.environ)
    os.environ.update(environment)
    wiring.world.cache_clear()
    try:
        _prepare(folder, git_url, controlplane)
        yield environment
    finally:
        os.environ.clear()
        os.environ.update(before)
        wiring.world.cache_clear()
        processes.stop()
        aws.stop()


def _environment(template: Template, aws: LocalAws, git_url: str) -> dict[str, str]:
    named = {
        "TABLE": template.attributes["Table", ""],
        "BUCKET": template.attributes["Bucket", ""],
        "FETCH_QUEUE_URL": template.attributes["FetchQueue", ""],
        "SYNC_QUEUE_URL": template.attributes["SyncQueue", ""],
        "GIT_INSTEAD_OF": f"{PUBLIC}/={git_url}/",
    }
    helm = tools()["helm"].parent
    return {f"DRIFTLESS_{name}": value for name, value in named.items()} | {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "PATH": f"{helm}:{os.environ['PATH']}",
    }


def _prepare(folder: Path, git_url: str, controlplane: ControlPlane) -> None:
    work = folder / "work"
    shutil.copytree(SAMPLE, work)
    Checkout(work, git_url, "acme-corp/gitops-manifests", PUBLIC).push("first")
    config = {
        "endpoint": controlplane.endpoint,
        "caData": controlplane.ca_data,
        "bearerToken": controlplane.token,
    }
    wiring.world().table.write(clusters.add(clusters.Registered(IN_CLUSTER, "in-cluster", config)))


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
    place: dict[str, str], controlplane: ControlPlane
) -> None:
    message = _registered("whole")
    touches = [crashing.run(place, step, document)[1] for step, document in _steps("whole", message)]
    moments = [(step, at) for step, count in enumerate(touches) for at in range(1, count + 1)]
    assert len(moments) >= 20, f"only {moments} to kill at"
    _until_well(place, "whole", message)
    for number, (step, at) in enumerate(moments):
        name = f"killed-{number:02d}"
        message = _registered(name)
        steps = _steps(name, message)
        time.sleep(crashing.LEASE_SECONDS)  # the last one's killed fetch may hold the repository's lease until then
        for position in range(step):
            crashing.run(place, *steps[position])
        survived, _ = crashing.run(place, *steps[step], kill_at=at)
        assert not survived, f"{steps[step][0]} touched the outside fewer than {at} times"
        found = _until_well(place, name, message)
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
