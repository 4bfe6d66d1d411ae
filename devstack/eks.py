"""What EKS does with a bearer token: finds out which role signed it, and which Kubernetes user that role is.

In: a TokenReview from an API server of ours (its webhook authenticator). Out: the same, answered. The token is a
presigned GetCallerIdentity address; here its signature is verified where EKS would ask STS, because local STS takes
any. Exactly one role has an access entry, the sync function's: no other function gets into a cluster.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from devstack.build import ROOT
from devstack.controlplane import ControlPlane
from devstack.sigv4 import Identities
from devstack.template import REGION
from driftless.vocabulary.errors import Unauthorized

USER, GROUP = "driftless-sync", "driftless:sync"
PREFIX = "k8s-aws-v1."
LONGEST = 900
RBAC = ROOT / "deploy" / "rbac.yaml"


@dataclass(frozen=True)
class Authenticator:
    """`role` is the ARN in the access entry, `sts` the addresses (host or host:port) a token may name."""

    identities: Identities
    role: str
    sts: tuple[str, ...]

    def review(self, cluster: str, review: dict[str, Any], now: datetime) -> dict[str, Any]:
        """The TokenReview for `cluster`, answered: authenticated with user and group, or not and why."""
        try:
            arn = self._caller(cluster, str(review.get("spec", {}).get("token", "")), now)
        except Unauthorized as refusal:
            return _answer({"authenticated": False, "error": str(refusal)})
        user = {"username": USER, "uid": f"driftless:{arn}", "groups": [GROUP], "extra": {"arn": [arn]}}
        return _answer({"authenticated": True, "user": user})

    def _caller(self, cluster: str, token: str, now: datetime) -> str:
        if not token.startswith(PREFIX):
            raise Unauthorized("the token is not one that EKS takes")
        text = token.removeprefix(PREFIX)
        try:
            url = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
            address = urlsplit(url)
            query = parse_qs(address.query)
        except (binascii.Error, ValueError):
            raise Unauthorized("the token holds no address") from None
        if address.netloc not in self.sts or address.path not in ("", "/"):
            raise Unauthorized(f"the token's address is {address.netloc}{address.path}, not STS")
        if query.get("Action") != ["GetCallerIdentity"]:
            raise Unauthorized("the token's address asks STS for something other than GetCallerIdentity")
        if "x-k8s-aws-id" not in query.get("X-Amz-SignedHeaders", [""])[0].split(";"):
            raise Unauthorized("the token does not sign the name of a cluster")
        if query.get("X-Amz-Expires", [""])[0] not in map(str, range(1, LONGEST + 1)):
            raise Unauthorized("the token's address has no end within 15 minutes")
        identity = self.identities.presigner(url, {"x-k8s-aws-id": cluster}, "sts", now)
        if identity.arn != self.role:
            raise Unauthorized(f"{identity.arn} has no access entry in cluster {cluster}")
        return identity.arn


def _answer(status: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}


def sts_hosts(endpoint: str) -> tuple[str, ...]:
    return (urlsplit(endpoint).netloc, f"sts.{REGION}.amazonaws.com")


def grant(cluster: ControlPlane, path: Path = RBAC) -> None:
    """Apply the shipped ClusterRole and binding, so that group driftless:sync may do its work."""
    for item in yaml.safe_load_all(path.read_text()):
        plural = f"{item['kind'].lower()}s"
        cluster.apply(item, f"/apis/{item['apiVersion']}/{plural}/{item['metadata']['name']}")
