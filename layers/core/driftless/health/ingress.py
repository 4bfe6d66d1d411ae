"""Ingress: healthy when its controller has given it an address (section 7)."""

from __future__ import annotations

from driftless.health.reading import healthy, progressing, status
from driftless.vocabulary.model import Health
from driftless.vocabulary.objects import Manifest

KIND = ("networking.k8s.io", "Ingress")
VERSIONS = frozenset({"v1", "v1beta1"})


def judge(obj: Manifest) -> Health:
    if (status(obj).get("loadBalancer") or {}).get("ingress"):
        return healthy()
    return progressing("Waiting for the Ingress: its controller has given it no address yet")
