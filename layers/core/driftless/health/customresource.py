"""CustomResourceDefinition: healthy when established; until then its objects cannot be created.

Argo CD calls one that is not established yet Degraded, which fails a sync that only had to wait a moment; here it is
Progressing, and Degraded only where waiting does not help: names in conflict, a schema that is refused.
"""

from __future__ import annotations

from driftless.health.reading import condition, degraded, healthy, is_true, progressing, with_reason
from driftless.vocabulary.model import Health
from driftless.vocabulary.objects import Manifest

KIND = ("apiextensions.k8s.io", "CustomResourceDefinition")
VERSIONS = frozenset({"v1", "v1beta1"})


def judge(obj: Manifest) -> Health:
    names, schema = condition(obj, "NamesAccepted"), condition(obj, "NonStructuralSchema")
    if names and names.get("status") == "False":
        return degraded(with_reason("The names are not accepted", names))
    if not is_true(condition(obj, "Established")):
        return progressing("Waiting for the API server to establish the kind")
    if schema and is_true(schema):
        return degraded(with_reason("The schema is not structural", schema))
    return healthy()
