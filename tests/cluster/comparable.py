"""What the comparison is tried on: a place in a real cluster, and manifests of the usual kinds as people write them."""

from __future__ import annotations

from typing import Any

from devstack.controlplane import ControlPlane
from driftless.compare.targets import targets
from driftless.vocabulary.objects import Manifest

PLURALS = {
    "ClusterRole": "clusterroles",
    "ConfigMap": "configmaps",
    "CustomResourceDefinition": "customresourcedefinitions",
    "Deployment": "deployments",
    "Role": "roles",
    "Secret": "secrets",
    "Service": "services",
    "StatefulSet": "statefulsets",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers",
    "NetworkPolicy": "networkpolicies",
    "Ingress": "ingresses",
}
CLUSTER_SCOPED = ("ClusterRole", "CustomResourceDefinition")


class Place:
    """One namespace of a real cluster, spoken to as the apply room does."""

    def __init__(self, controlplane: ControlPlane, namespace: str) -> None:
        self._controlplane = controlplane
        self.namespace = namespace

    def target(self, manifest: Manifest) -> Manifest:
        made = targets([manifest], "shop", self.namespace, lambda _, kind: kind not in CLUSTER_SCOPED)
        assert not made.conditions
        return made.objects[0]

    def apply(self, target: Manifest, manager: str = "driftless", *, dry_run: bool = False) -> Manifest:
        query = f"fieldManager={manager}&force=true" + ("&dryRun=All" if dry_run else "")
        return self._send("PATCH", f"{self._path(target)}?{query}", target, "application/apply-patch+yaml")

    def create(self, target: Manifest, manager: str) -> Manifest:
        return self._send("POST", f"{self._path(target).rpartition('/')[0]}?fieldManager={manager}", target)

    def predict(self, target: Manifest) -> Manifest:
        return self.apply(target, dry_run=True)

    def read(self, target: Manifest) -> Manifest:
        return self._send("GET", self._path(target))

    def edit(self, target: Manifest, patch: Manifest, subresource: str = "") -> Manifest:
        path = self._path(target) + subresource + "?fieldManager=kubectl"
        return self._send("PATCH", path, patch, "application/merge-patch+json")

    def delete(self, target: Manifest) -> None:
        self._send("DELETE", self._path(target))

    def _send(self, method: str, path: str, body: Manifest | None = None, form: str = "application/json") -> Manifest:
        status, answer = self._controlplane.request(method, path, body, form)
        assert status < 300, answer
        return answer

    def _path(self, target: Manifest) -> str:
        api = target["apiVersion"]
        root = f"/apis/{api}" if "/" in api else f"/api/{api}"
        within = "" if target["kind"] in CLUSTER_SCOPED else f"/namespaces/{self.namespace}"
        return f"{root}{within}/{PLURALS[target['kind']]}/{target['metadata']['name']}"


def obj(api: str, kind: str, name: str = "payments", **body: Any) -> Manifest:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name}, **body}


def workload(kind: str = "Deployment", **spec: Any) -> Manifest:
    container: dict[str, Any] = {
        "name": "payments",
        "image": "ghcr.io/acme-corp/payments:v2.1.0",
        "ports": [{"containerPort": 8080}],
        "env": [{"name": "B", "value": "2"}, {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}, "requests": {"cpu": 0.5}},
    }
    template = {"metadata": {"labels": {"app": "payments"}}, "spec": {"containers": [container]}}
    selector = {"matchLabels": {"app": "payments"}}
    return obj("apps/v1", kind, spec={"replicas": 3, "selector": selector, "template": template, **spec})


def plain() -> Manifest:
    made = workload()
    del made["spec"]["template"]["spec"]["containers"][0]["resources"]
    return made


HPA = obj(
    "autoscaling/v2",
    "HorizontalPodAutoscaler",
    spec={
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "payments"},
        "maxReplicas": 9,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
            }
        ],
    },
)
VOLUME = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}},
}
INGRESS = {
    "rules": [
        {
            "host": "payments.example",
            "http": {
                "paths": [
                    {
                        "path": "/",
                        "pathType": "Prefix",
                        "backend": {"service": {"name": "payments", "port": {"number": 80}}},
                    }
                ]
            },
        }
    ]
}
RBAC = "rbac.authorization.k8s.io/v1"
EVERYTHING = [
    plain(),
    workload(),
    workload("StatefulSet", serviceName="payments", volumeClaimTemplates=[VOLUME]),
    obj("v1", "Service", spec={"selector": {"app": "payments"}, "ports": [{"port": 80, "targetPort": 8080}]}),
    obj("v1", "ConfigMap", data={"a": "multi\nline\n", "n": "1"}),
    obj("v1", "Secret", stringData={"password": "hush"}, data={"token": "aHVzaA=="}),
    obj("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}),
    obj("networking.k8s.io/v1", "Ingress", spec=INGRESS),
    obj(RBAC, "Role", rules=[]),
    obj(RBAC, "Role", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]),
    HPA,
]
CRD_NAME = "widgets.compare.example.com"
CRD = obj(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    CRD_NAME,
    spec={
        "group": "compare.example.com",
        "names": {"kind": "Widget", "plural": "widgets"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
)
