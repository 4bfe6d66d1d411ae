"""The control plane of the development stack behaves as a cluster does: pods become ready, strangers are refused."""

from __future__ import annotations

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest

from devstack.controlplane import ControlPlane


def eventually(holds: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def pod_template(name: str, restart: str) -> dict[str, object]:
    spec = {"restartPolicy": restart, "containers": [{"name": "main", "image": "example"}]}
    return {"metadata": {"labels": {"app": name}}, "spec": spec}


def test_a_deployment_becomes_ready(controlplane: ControlPlane, namespace: str) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    spec = {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": pod_template("web", "Always"),
    }
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    assert controlplane.request("POST", path, body)[0] == 201
    assert eventually(lambda: controlplane.request("GET", f"{path}/web")[1]["status"].get("readyReplicas") == 2)


def test_a_job_completes(controlplane: ControlPlane, namespace: str) -> None:
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    body = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "once"},
        "spec": {"template": pod_template("once", "Never")},
    }
    assert controlplane.request("POST", path, body)[0] == 201
    assert eventually(lambda: controlplane.request("GET", f"{path}/once")[1]["status"].get("succeeded") == 1)


def test_a_namespace_deleted_is_gone(controlplane: ControlPlane) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "short-lived"}}
    assert controlplane.request("POST", "/api/v1/namespaces", body)[0] == 201
    assert controlplane.request("DELETE", "/api/v1/namespaces/short-lived")[0] == 200
    assert eventually(lambda: controlplane.request("GET", "/api/v1/namespaces/short-lived")[0] == 404)


def test_the_server_says_the_version_it_was_built_from(controlplane: ControlPlane) -> None:
    version = controlplane.request("GET", "/version")[1]
    assert version["gitVersion"].startswith("v1.") and version["major"] == "1"


def test_a_write_is_in_the_audit_log_without_its_body(controlplane: ControlPlane, namespace: str) -> None:
    body = {"metadata": {"name": "guarded"}, "stringData": {"password": "correct-horse"}}
    assert controlplane.request("POST", f"/api/v1/namespaces/{namespace}/secrets", body)[0] == 201
    assert eventually(lambda: "guarded" in controlplane.audit_log.read_text())
    assert "correct-horse" not in controlplane.audit_log.read_text()


def test_a_stranger_is_refused(controlplane: ControlPlane) -> None:
    request = urllib.request.Request(f"{controlplane.endpoint}/api/v1/nodes", headers={"Authorization": "Bearer wrong"})
    context = ssl.create_default_context(cafile=str(controlplane.ca_file))
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request, timeout=10, context=context)
