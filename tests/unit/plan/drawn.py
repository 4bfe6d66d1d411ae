"""Small manifests, rows and tasks for the tests of this room."""

from __future__ import annotations

from typing import Any

from driftless.vocabulary.model import Compared, Health, HealthStatus, HookType, Task, Verb
from driftless.vocabulary.objects import HOOK, Manifest, ObjectKey, key_of

API = {
    "Deployment": "apps/v1",
    "Job": "batch/v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
    "Database": "example.com/v1",
}


def manifest(kind: str, name: str, namespace: str = "pay", annotations: dict[str, str] | None = None) -> Manifest:
    meta: dict[str, Any] = {"name": name, "annotations": annotations or {}}
    meta |= {"namespace": namespace} if namespace else {}
    made: Manifest = {"apiVersion": API.get(kind, "v1"), "kind": kind, "metadata": meta}
    if kind == "CustomResourceDefinition":
        made["spec"] = {"group": "example.com", "names": {"kind": "Database"}}
    return made


def wanted(obj: Manifest, wave: int = 0) -> Compared:
    hook = HOOK in obj["metadata"]["annotations"]
    return Compared(key_of(obj), "v1", obj, None, modified=False, hook=hook, wave=wave)


def unwanted(obj: Manifest, wave: int = 0) -> Compared:
    return Compared(key_of(obj), "v1", None, obj, modified=False, wave=wave)


def hooked(kind: str, name: str, *types: str) -> Manifest:
    return manifest(kind, name, annotations={HOOK: ",".join(types)})


def task(name: str, wave: int = 0, phase: HookType = HookType.SYNC, verb: Verb = Verb.APPLY) -> Task:
    """A plain object's task, or a hook's where the phase is not Sync."""
    hook = None if phase is HookType.SYNC else phase
    return Task(verb, phase, wave, ObjectKey("", "Thing", "pay", name), "v1", hook=hook)


def health(status: str, message: str = "") -> Health:
    return Health(HealthStatus(status), message)
