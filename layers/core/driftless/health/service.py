"""Service: a load balancer is healthy when it has an address, any other Service at once (section 7)."""

from __future__ import annotations

from driftless.health.reading import healthy, progressing, spec, status
from driftless.vocabulary.model import Health
from driftless.vocabulary.objects import Manifest

KIND = ("", "Service")
VERSIONS = frozenset({"v1"})


def judge(obj: Manifest) -> Health:
    balanced = (status(obj).get("loadBalancer") or {}).get("ingress")
    if spec(obj).get("type") == "LoadBalancer" and not balanced:
        return progressing("Waiting for the load balancer: it has no address yet")
    return healthy()
