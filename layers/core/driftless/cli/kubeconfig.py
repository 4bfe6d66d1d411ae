"""One context of a kubeconfig becomes a cluster's configuration: endpoint, CA, and how to be known there.

In: files, a context's name. Out: the `config` of POST /clusters. An EKS cluster, told by its `aws eks get-token`
command, gives its name and region and no credential at all: the command is looked at, never run.
"""

from __future__ import annotations

import base64
import itertools
import os
from pathlib import Path
from typing import Any

from driftless.cli.exits import Stop

Config = dict[str, str]


def read(context: str, file: str = "", *, aws_cluster_name: str = "", region: str = "") -> Config:
    """Raises Stop naming the contexts there are, or what the context lacks."""
    paths = file or os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    rows = _merged(paths)
    if context not in rows["contexts"]:
        there = ", ".join(rows["contexts"]) or "none"
        raise Stop(f"there is no context {context} in {paths}; there are: {there}")
    chosen = rows["contexts"][context][0]
    cluster, folder = rows["clusters"].get(str(chosen.get("cluster")), ({}, Path()))
    config = _cluster(cluster, folder, context)
    user, folder = rows["users"].get(str(chosen.get("user")), ({}, Path()))
    exec_cluster, exec_region = _eks(user.get("exec") or {})
    if name := aws_cluster_name or exec_cluster:
        return _known(config | {"awsClusterName": name}, region=region or exec_region)
    return config | _credential(user, folder, context)


def _merged(paths: str) -> dict[str, dict[str, tuple[dict[str, Any], Path]]]:
    """Contexts, clusters and users by name, each with the folder of its file: kubectl's merge of several files."""
    import yaml
    from kubernetes.config import ConfigException
    from kubernetes.config.kube_config import KubeConfigMerger

    merger: Any = KubeConfigMerger  # untyped
    try:
        found = merger(paths).config
        documents = found.value if found is not None else {}
        return {
            kind: {
                str(row.value["name"]): (row.value.get(kind.removesuffix("s")) or {}, Path(row.path).parent)
                for row in documents.get(kind) or ()
            }
            for kind in ("contexts", "clusters", "users")
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError, ConfigException) as error:
        raise Stop(f"the kubeconfig {paths} cannot be read ({type(error).__name__})") from None


def _cluster(cluster: dict[str, Any], folder: Path, context: str) -> Config:
    if not cluster.get("server"):
        raise Stop(f"the context {context} names a cluster without a server")
    if cluster.get("insecure-skip-tls-verify"):
        raise Stop(f"the context {context} does not verify its cluster: give it a certificate-authority")
    return _known({"endpoint": str(cluster["server"])}, caData=_data(cluster, "certificate-authority", folder))


def _credential(user: dict[str, Any], folder: Path, context: str) -> Config:
    token = str(user.get("token") or "")
    if not token and user.get("tokenFile"):
        token = _bytes(folder / str(user["tokenFile"])).decode().strip()
    if token:
        return {"bearerToken": token}
    certificate, key = _data(user, "client-certificate", folder), _data(user, "client-key", folder)
    if certificate and key:
        return {"certData": certificate, "keyData": key}
    raise Stop(
        f"the context {context} has no token and no client certificate that a function could use; "
        "for an EKS cluster give --aws-cluster-name and --region"
    )


def _eks(command: dict[str, Any]) -> tuple[str, str]:
    """Cluster name and region of `aws eks get-token …` or `aws-iam-authenticator token -i …`."""
    words = [str(word) for word in command.get("args") or ()]
    options = dict(itertools.pairwise(words))
    environment = {row.get("name"): row.get("value") for row in command.get("env") or ()}
    name = options.get("--cluster-name") or options.get("--cluster-id") or options.get("-i") or ""
    return name, options.get("--region") or environment.get("AWS_REGION") or ""


def _data(block: dict[str, Any], key: str, folder: Path) -> str:
    if block.get(f"{key}-data"):
        return str(block[f"{key}-data"])
    return base64.b64encode(_bytes(folder / str(block[key]))).decode() if block.get(key) else ""


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Stop(f"{path}, which the kubeconfig names, cannot be read: {error.strerror}") from None


def _known(config: Config, **more: str) -> Config:
    return config | {key: value for key, value in more.items() if value}
