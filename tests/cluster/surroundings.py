"""What a worker of Driftless stands in: local AWS, a Git server, an environment that names them, a cluster."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from devstack.build import ROOT, tools
from devstack.controlplane import ControlPlane
from devstack.localaws import LocalAws
from devstack.processes import Processes, free_port
from devstack.stack import python_environment
from devstack.template import Template
from driftless.flows import wiring
from driftless.outlets import aws
from driftless.outlets.table import Write
from driftless.record import clusters
from driftless.vocabulary.argo import IN_CLUSTER

PUBLIC = "https://github.com"


@contextmanager
def parts(folder: Path) -> Iterator[dict[str, str]]:
    """Local AWS and a Git server; the environment that a function would have."""
    git_port = free_port()
    git_url = f"http://127.0.0.1:{git_port}"
    amazon, processes = LocalAws(folder), Processes(folder / "logs")
    template = Template.load(ROOT / "template.yaml", {"GitInsteadOf": f"{PUBLIC}/={git_url}/"})
    try:
        amazon.start()
        amazon.create(template)
        server = [sys.executable, "-m", "devstack.gitserver", str(folder / "git"), str(git_port)]
        processes.wait_listening(processes.start("git-server", server, python_environment()), git_port)
        yield _environment(template, amazon, git_url)
    finally:
        processes.stop()
        amazon.stop()


@contextmanager
def entered(environment: Mapping[str, str]) -> Iterator[None]:
    """This process is a worker in that environment, and afterwards what it was before."""
    before = dict(os.environ)
    os.environ.update(environment)
    _forget()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        _forget()


def _forget() -> None:
    wiring.world.cache_clear()
    aws.client.cache_clear()


def _environment(template: Template, amazon: LocalAws, git_url: str) -> dict[str, str]:
    named = {
        "TABLE": template.attributes["Table", ""],
        "BUCKET": template.attributes["Bucket", ""],
        "FETCH_QUEUE_URL": template.attributes["FetchQueue", ""],
        "SYNC_QUEUE_URL": template.attributes["SyncQueue", ""],
        "GIT_INSTEAD_OF": f"{PUBLIC}/={git_url}/",
    }
    helm = tools()["helm"].parent
    return {f"DRIFTLESS_{name}": value for name, value in named.items()} | {
        "AWS_ENDPOINT_URL": amazon.endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "PATH": f"{helm}:{os.environ['PATH']}",
    }


def registered(plane: ControlPlane, *, server: str = IN_CLUSTER, name: str = "in-cluster") -> Write:
    config = {"endpoint": plane.endpoint, "caData": plane.ca_data, "bearerToken": plane.token}
    return clusters.add(clusters.Registered(server, name, config))
