"""Taking over what kubectl, Helm or Argo CD applied: fields that left Git go, nothing else changes, no pod restarts."""

import json
import subprocess
from pathlib import Path

import pytest

from devstack import build
from devstack.controlplane import ControlPlane
from driftless.apply import Options, perform, predict
from driftless.outlets.cluster import Cluster, Kind, connect
from driftless.vocabulary.errors import ClusterRefused
from driftless.vocabulary.model import HookType, Task, Verb
from driftless.vocabulary.objects import LAST_APPLIED, Manifest, annotations, group_version, key_of


@pytest.fixture
def cluster(controlplane: ControlPlane) -> Cluster:
    return connect(
        {"endpoint": controlplane.endpoint, "caData": controlplane.ca_data, "bearerToken": controlplane.token}
    )


def web(namespace: str, **extra: object) -> Manifest:
    container = {"name": "main", "image": "example:1", "ports": [{"containerPort": 80}]} | extra
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}},
        },
    }


def service(namespace: str) -> Manifest:
    spec = {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}, {"name": "old", "port": 81}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": namespace}, "spec": spec}


def kubectl_apply(controlplane: ControlPlane, folder: Path, obj: Manifest, *flags: str) -> None:
    file = folder / "object.json"
    file.write_text(json.dumps(obj))
    command = [str(build.control_plane()["kubectl"]), "--kubeconfig", str(controlplane.kubeconfig), "apply"]
    subprocess.run([*command, "-f", str(file), *flags], check=True, capture_output=True, timeout=30)


def live_of(cluster: Cluster, obj: Manifest) -> Manifest:
    live = cluster.get(key_of(obj), cluster.kind_of(obj))
    assert live is not None
    return live


def sync(cluster: Cluster, target: Manifest, options: Options = Options()) -> Manifest:  # noqa: B008 - frozen
    live = live_of(cluster, target)
    task = Task(Verb.APPLY, HookType.SYNC, 0, key_of(target), group_version(target)[1], target, live)
    (outcome,) = perform(cluster, [task], options)
    assert outcome.live is not None, outcome.result.message
    return outcome.live


REPLICA_SETS = Kind("apps", "v1", "ReplicaSet", "replicasets", namespaced=True)
EARLIER = [
    pytest.param((), id="kubectl apply"),
    pytest.param(("--server-side", "--field-manager=argocd-controller"), id="argo-cd server-side"),
    pytest.param(("--field-manager=argocd-controller",), id="argo-cd client-side"),
    pytest.param(("--server-side", "--field-manager=helm"), id="helm"),
]


@pytest.mark.parametrize("flags", EARLIER)
def test_a_field_that_left_git_goes_although_another_applied_it(
    controlplane: ControlPlane, cluster: Cluster, namespace: str, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    kubectl_apply(controlplane, tmp_path, web(namespace, env=[{"name": "A", "value": "1"}], tty=True), *flags)
    before = live_of(cluster, web(namespace))
    (seen,) = predict(cluster, [(web(namespace, tty=True), before)])
    after = sync(cluster, web(namespace, tty=True))
    container = after["spec"]["template"]["spec"]["containers"][0]
    assert "env" not in container and container["tty"] is True
    assert not isinstance(seen, ClusterRefused) and seen["spec"] == after["spec"]
    assert LAST_APPLIED not in annotations(after)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]


@pytest.mark.parametrize("flags", EARLIER)
def test_taking_over_without_a_change_in_git_touches_no_pod_and_shows_no_difference(
    controlplane: ControlPlane, cluster: Cluster, namespace: str, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    kubectl_apply(controlplane, tmp_path, web(namespace), *flags)
    before = live_of(cluster, web(namespace))
    (seen,) = predict(cluster, [(web(namespace), before)])
    after = sync(cluster, web(namespace))
    assert not isinstance(seen, ClusterRefused) and seen["spec"] == before["spec"]
    assert after["spec"] == before["spec"]
    sets = cluster.list(REPLICA_SETS, namespace)
    assert len(sets) <= 1, "a second ReplicaSet means that pods were restarted"
    managers = {(e["manager"], e["operation"]) for e in after["metadata"]["managedFields"] if not e.get("subresource")}
    assert managers <= {("driftless", "Apply"), ("kube-controller-manager", "Update")}


def test_a_service_keeps_its_address_and_loses_its_old_port(
    controlplane: ControlPlane, cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    kubectl_apply(controlplane, tmp_path, service(namespace))
    before = live_of(cluster, service(namespace))
    target = service(namespace)
    del target["spec"]["ports"][1]
    (seen,) = predict(cluster, [(target, before)])
    after = sync(cluster, target)
    assert after["spec"]["clusterIP"] == before["spec"]["clusterIP"]
    assert [port["name"] for port in after["spec"]["ports"]] == ["http"]
    assert not isinstance(seen, ClusterRefused) and seen["spec"] == after["spec"]


def test_what_somebody_else_declares_beside_us_stays(
    controlplane: ControlPlane, cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    kubectl_apply(controlplane, tmp_path, web(namespace))
    scale = [{"op": "replace", "path": "/spec/replicas", "value": 3}]
    live = live_of(cluster, web(namespace))
    controlplane.request(
        "PATCH",
        f"/apis/apps/v1/namespaces/{namespace}/deployments/web?fieldManager=autoscaler",
        scale,  # type: ignore[arg-type]  # a JSON patch is a list
        "application/json-patch+json",
    )
    (seen,) = predict(cluster, [(web(namespace), live)])
    after = sync(cluster, web(namespace))
    assert after["spec"]["replicas"] == 3
    assert not isinstance(seen, ClusterRefused) and seen["spec"]["replicas"] == 3


def test_migration_can_be_switched_off(
    controlplane: ControlPlane, cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    kubectl_apply(controlplane, tmp_path, web(namespace, tty=True))
    after = sync(cluster, web(namespace), Options(frozenset({"ClientSideApplyMigration=false"})))
    assert after["spec"]["template"]["spec"]["containers"][0]["tty"] is True


def test_what_was_replaced_can_be_applied_later(cluster: Cluster, namespace: str) -> None:
    cluster.create(web(namespace, tty=True))
    sync(cluster, web(namespace, tty=True), Options(replace=True))
    assert "tty" not in sync(cluster, web(namespace))["spec"]["template"]["spec"]["containers"][0]
