"""A cluster's stored configuration, turned into a Cluster; refusals name the key that is wrong or missing.

In: {"endpoint", "caData", …} with one way to be known: {"awsClusterName", "region", "roleARN"?} for EKS,
{"bearerToken"}, or {"certData", "keyData"} (base64 PEM). Out: the process' Cluster of that configuration.
"""

from __future__ import annotations

import base64
import binascii
from threading import Lock
from typing import Any

from driftless.outlets import eks
from driftless.outlets.cluster.connection import Connection
from driftless.outlets.cluster.requests import Cluster
from driftless.vocabulary.errors import NotBuiltYet, Refused
from driftless.vocabulary.objects import digest_of

_clusters: dict[str, Cluster] = {}
_lock = Lock()


def connect(config: dict[str, Any]) -> Cluster:
    """The Cluster of a stored configuration; the same one for the same configuration.

    Nothing is sent yet. Raises Refused or NotBuiltYet for a configuration that cannot work.
    """
    name = digest_of(config)
    with _lock:
        if name not in _clusters:
            _clusters[name] = Cluster(connection(config))
        return _clusters[name]


def connection(config: dict[str, Any]) -> Connection:
    """The same, checked but not opened: what `cluster add` uses to refuse a configuration early."""
    for key in ("insecure", "execProviderConfig", "username", "proxyUrl"):
        if config.get(key):
            raise NotBuiltYet(f"a cluster's {key} is not built yet", hint="use awsClusterName, bearerToken or certData")
    endpoint, ca_data = str(config.get("endpoint") or ""), str(config.get("caData") or "")
    if not endpoint.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise Refused(f"the cluster's endpoint {endpoint!r} must be an https:// address")
    _checked(ca_data, "caData")
    if config.get("awsClusterName"):
        return Connection(endpoint, ca_data, _eks(config))
    if config.get("bearerToken"):
        headers = {"Authorization": f"Bearer {config['bearerToken']}"}
        return Connection(endpoint, ca_data, lambda _fresh: headers)
    if config.get("certData") and config.get("keyData"):
        pair = str(config["certData"]), str(config["keyData"])
        for text, key in zip(pair, ("certData", "keyData"), strict=True):
            _checked(text, key)
        return Connection(endpoint, ca_data, lambda _fresh: {}, pair)
    raise Refused(
        f"cluster {endpoint} says no way to be known there",
        hint="give awsClusterName and region, bearerToken, or certData and keyData",
    )


def _eks(config: dict[str, Any]) -> Any:
    name, region = str(config["awsClusterName"]), str(config.get("region") or "")
    if not region:
        raise Refused(f"cluster {name} needs its region", hint='add "region" to its configuration')

    def credentials(fresh: bool) -> dict[str, str]:
        token = eks.token(name, region, role_arn=str(config.get("roleARN") or ""), fresh=fresh)
        return {"Authorization": f"Bearer {token.text}"}

    return credentials


def _checked(data: str, key: str) -> None:
    try:
        pem = base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise Refused(f"the cluster's {key} is not base64") from error
    if data and b"-----BEGIN " not in pem:
        raise Refused(f"the cluster's {key} is not a PEM file in base64")
