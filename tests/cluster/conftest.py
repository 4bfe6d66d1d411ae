"""Real parts for the tests that touch a cluster: one control plane of our own for the session, one namespace a test."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.controlplane import ControlPlane


@pytest.fixture(scope="session")
def controlplane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A running control plane: `.endpoint`, `.ca_file`, `.ca_data`, `.token`, `.kubeconfig`, `.request(...)`."""
    cluster = ControlPlane(Path(tmp_path_factory.mktemp("controlplane")) / "cluster")
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
