"""Small Kubernetes objects for repositories of tests; what is said besides the name becomes annotations."""

from __future__ import annotations

from typing import Any

import yaml


def text(*objects: dict[str, Any]) -> str:
    return yaml.safe_dump_all(objects)


def config_map(name: str, value: str = "1", *, wave: int | None = None, **notes: str) -> dict[str, Any]:
    said = notes | ({"argocd.argoproj.io/sync-wave": str(wave)} if wave is not None else {})
    meta: dict[str, Any] = {"name": name} | ({"annotations": said} if said else {})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"value": value}}


def _workload(name: str, **notes: str) -> dict[str, Any]:
    labels = {"app": name}
    pod = {"containers": [{"name": "app", "image": f"registry.example/{name}:1"}]}
    meta: dict[str, Any] = {"name": name} | ({"annotations": notes} if notes else {})
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {"metadata": meta, "spec": {"selector": {"matchLabels": labels}, "template": template, "replicas": 1}}


def deployment(name: str, **notes: str) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", **_workload(name, **notes)}


def stateful_set(name: str, **notes: str) -> dict[str, Any]:
    whole = {"apiVersion": "apps/v1", "kind": "StatefulSet", **_workload(name, **notes)}
    whole["spec"]["serviceName"] = name
    return whole


def job(name: str, **notes: str) -> dict[str, Any]:
    pod = {"restartPolicy": "Never", "containers": [{"name": "job", "image": "registry.example/job:1"}]}
    meta: dict[str, Any] = {"name": name} | ({"annotations": notes} if notes else {})
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": {"template": {"spec": pod}}}


HOOK = "argocd.argoproj.io/hook"


def hooked(obj: dict[str, Any], phase: str, policy: str = "") -> dict[str, Any]:
    notes = {HOOK: phase} | ({"argocd.argoproj.io/hook-delete-policy": policy} if policy else {})
    meta = obj["metadata"]
    return {**obj, "metadata": meta | {"annotations": (meta.get("annotations") or {}) | notes}}
