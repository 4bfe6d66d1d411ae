"""What the apply room's tests share: small objects to apply, the tasks that apply them, and a bounded wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from driftless.apply import Options, Outcome, perform
from driftless.outlets.cluster import Cluster
from driftless.vocabulary.model import HookType, Task, Verb
from driftless.vocabulary.objects import (
    HOOK,
    HOOK_DELETE_POLICY,
    SYNC_OPTIONS,
    TRACKING_ID,
    Manifest,
    group_version,
    key_of,
)


def config_map(namespace: str, name: str, options: str = "", **data: str) -> Manifest:
    meta: dict[str, Any] = {"name": name, "namespace": namespace}
    meta["annotations"] = {TRACKING_ID: f"app:/ConfigMap:{namespace}/{name}"}
    meta["annotations"] |= {SYNC_OPTIONS: options} if options else {}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def job(namespace: str, name: str, policy: str = "", command: str = "true", options: str = "") -> Manifest:
    said = {HOOK: "PreSync"} | ({HOOK_DELETE_POLICY: policy} if policy else {})
    said |= {SYNC_OPTIONS: options} if options else {}
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "example", "command": [command]}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace, "annotations": said},
        "spec": {"template": {"spec": pod}},
    }


def deployment(namespace: str, label: str = "web", options: str = "", **container: Any) -> Manifest:
    pod = {"containers": [{"name": "main", "image": "example:1"} | container]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace}
        | ({"annotations": {SYNC_OPTIONS: options}} if options else {}),
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": label}},
            "template": {"metadata": {"labels": {"app": label}}, "spec": pod},
        },
    }


def apply_task(target: Manifest, live: Manifest | None = None, hook: HookType | None = None) -> Task:
    version = group_version(target)[1]
    return Task(Verb.APPLY, HookType.SYNC, 0, key_of(target), version, target, live, hook)


def prune_task(live: Manifest) -> Task:
    return Task(Verb.PRUNE, HookType.SYNC, 0, key_of(live), group_version(live)[1], None, live)


def read(cluster: Cluster, obj: Manifest) -> Manifest | None:
    return cluster.get(key_of(obj), cluster.kind_of(obj))


def one(cluster: Cluster, task: Task, options: Options = Options()) -> Outcome:  # noqa: B008 - frozen
    (outcome,) = perform(cluster, [task], options)
    return outcome


def eventually(holds: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
