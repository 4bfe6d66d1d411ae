"""Real parts for the tests that touch a cluster: one control plane for the session, or a whole development stack.

`controlplane` is etcd, API server, controllers, scheduler and kwok (3 s); `stack` has all of `driftless dev up`.
`place` is Driftless in the test's own process on real parts. Each is started once in a session, where it is asked
for; with pytest-xdist once in each worker.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.controlplane import ControlPlane
from devstack.stack import Options, Stack
from driftless.flows import wiring
from tests.cluster.place import Place
from tests.cluster.surroundings import entered, parts, registered

MIRRORS = {"GitInsteadOf": "https://github.com/={git}/ https://gitea.example.com/={git}/"}
"""The repositories that the lessons name are served by the local Git server."""


@pytest.fixture(scope="session")
def controlplane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A running control plane: `.endpoint`, `.ca_file`, `.ca_data`, `.token`, `.kubeconfig`, `.request(...)`."""
    cluster = ControlPlane(tmp_path_factory.mktemp("controlplane") / "cluster")
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture
def namespace(controlplane: ControlPlane) -> Iterator[str]:
    """The name of a namespace that is this test's own, deleted after it."""
    name = f"test-{secrets.token_hex(4)}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    status, answer = controlplane.request("POST", "/api/v1/namespaces", body)
    assert status == 201, answer
    yield name
    controlplane.request("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture(scope="session")
def place_parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Local AWS and a Git server with nobody who listens: the environment of a worker (tests/cluster/place.py)."""
    with parts(tmp_path_factory.mktemp("place")) as environment:
        yield environment


@pytest.fixture(scope="module")
def place_environment(place_parts: dict[str, str], controlplane: ControlPlane) -> Iterator[dict[str, str]]:
    """The same, entered by this process, with the cluster registered."""
    with entered(place_parts):
        wiring.world().table.write(registered(controlplane))
        yield place_parts


@pytest.fixture
def place(place_environment: dict[str, str], controlplane: ControlPlane, tmp_path: Path) -> Place:
    """Driftless in this process, for one test: no other applications, and what is on its way is the test's own."""
    git_url = place_environment["DRIFTLESS_GIT_INSTEAD_OF"].split("=", 1)[1].rstrip("/")
    there = Place(controlplane, git_url, tmp_path)
    there.clear()
    return there


@pytest.fixture(scope="session")
def running_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole development stack, for tests that look inside it: `.planes["in-cluster"]`, `.aws`, `.folder`."""
    started = Stack(tmp_path_factory.mktemp("stack"), Options(parameters=MIRRORS), print)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def stack(running_stack: Stack) -> dict[str, str]:
    """What `driftless dev env` would print for the session's stack: DRIFTLESS_URL, KUBECONFIG, AWS_… by name."""
    return dict(running_stack.environment)
