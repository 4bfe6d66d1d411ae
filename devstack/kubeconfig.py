"""The clusters that a stack works on, as Driftless registers them and as kubectl finds them.

In: control planes of our own, or the current context of a person's kubeconfig. Out: the body of POST /api/v1/clusters
for each, and one kubeconfig for all. Contexts that run a program for their credentials are refused: a function
could not run it either.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from devstack.controlplane import ControlPlane
from devstack.template import REGION
from driftless.vocabulary.errors import DriftlessError, NotBuiltYet

IN_CLUSTER = "in-cluster"
IN_CLUSTER_SERVER = "https://kubernetes.default.svc"
Config = Mapping[str, Any]


@dataclass(frozen=True)
class Cluster:
    """`server` is what Applications name, `config` how the sync function reaches it (endpoint, caData, credentials)."""

    name: str
    server: str
    config: Config

    @property
    def registration(self) -> dict[str, Any]:
        return {"name": self.name, "server": self.server, "config": dict(self.config)}


def of_control_plane(name: str, plane: ControlPlane) -> Cluster:
    """One of ours; the sync function signs in with its role, as on EKS."""
    config = {"endpoint": plane.endpoint, "caData": plane.ca_data, "awsClusterName": name, "region": REGION}
    return Cluster(name, IN_CLUSTER_SERVER if name == IN_CLUSTER else plane.endpoint, config)


def of_file(path: Path) -> Cluster:
    """The current context of a kubeconfig. DriftlessError if it names no cluster, NotBuiltYet for exec credentials."""
    try:
        document = yaml.safe_load(path.read_text())
        context = _named(document["contexts"], document["current-context"], "context")
        cluster = _named(document["clusters"], context["cluster"], "cluster")
        user = _named(document["users"], context["user"], "user")
        endpoint = str(cluster["server"])
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise DriftlessError(
            f"{path} has no usable current context ({error})", hint="see kubectl config view"
        ) from None
    config = {"endpoint": endpoint, "caData": _data(cluster, "certificate-authority", path)}
    return Cluster(IN_CLUSTER, IN_CLUSTER_SERVER, config | _credentials(user, path))


def _credentials(user: Config, path: Path) -> dict[str, str]:
    if token := user.get("token"):
        return {"bearerToken": str(token)}
    if file := user.get("tokenFile"):
        return {"bearerToken": (path.parent / file).read_text().strip()}
    certificate, key = _data(user, "client-certificate", path), _data(user, "client-key", path)
    if certificate and key:
        return {"certData": certificate, "keyData": key}
    raise NotBuiltYet(
        f"{path}: the user of the current context has neither a token nor a client certificate",
        hint="a kubeconfig that runs a program for its credentials cannot be used; make a service account's token",
    )


def _named(items: list[dict[str, Any]], name: str, kind: str) -> dict[str, Any]:
    for item in items:
        if item["name"] == name:
            found: dict[str, Any] = item[kind]
            return found
    raise KeyError(f"no {kind} {name}")


def _data(holder: Config, name: str, path: Path) -> str:
    if data := holder.get(f"{name}-data"):
        return str(data)
    file = holder.get(name)
    return base64.b64encode((path.parent / file).read_bytes()).decode() if file else ""


def write(path: Path, planes: Mapping[str, ControlPlane]) -> None:
    """One kubeconfig with a context for each control plane; the first is current."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": n, "cluster": {"server": p.endpoint, "certificate-authority-data": p.ca_data}}
            for n, p in planes.items()
        ],
        "users": [{"name": n, "user": {"token": p.token}} for n, p in planes.items()],
        "contexts": [{"name": n, "context": {"cluster": n, "user": n}} for n in planes],
        "current-context": next(iter(planes)),
    }
    path.touch(0o600)
    path.write_text(json.dumps(document, indent=2) + "\n")
