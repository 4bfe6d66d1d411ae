"""Questions that need the render or the cluster, asked of the sync function directly; nothing is changed by them.

In: {"action": "diff"|"manifests"|"resource-tree", "application", "revision"?}. Out: the result document that REST
hands on: {"items"}, {"manifests", "revision"} or {"nodes"}.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from driftless import health
from driftless.compare import masking, unified
from driftless.flows.syncing import comparison, desired
from driftless.flows.syncing.comparison import Comparison
from driftless.flows.syncing.desired import Desired
from driftless.flows.wiring import World
from driftless.outlets import cluster as clusters
from driftless.outlets.cluster import Cluster
from driftless.record import applications
from driftless.record import clusters as registered
from driftless.record import state as states
from driftless.record.state import State
from driftless.vocabulary.argo import Application
from driftless.vocabulary.errors import NotBuiltYet, SourceError, Unavailable
from driftless.vocabulary.model import Compared
from driftless.vocabulary.objects import Manifest, group_version, key_of

Document = dict[str, Any]


def answer(message: Document, world: World) -> Document:
    """Raises NotFound, NotBuiltYet, SourceError or Unavailable with a sentence for the person who asked."""
    stored = applications.read(world.table, message["application"])
    state = states.read(world.table, world.store(), stored.application.name)
    cluster = clusters.connect(registered.find(world.table, stored.application.destination).config)
    wanted = _wanted(stored.application, state, cluster, message, world)
    return ANSWERS[message["action"]](stored.application, state, cluster, wanted, world)


def _wanted(app: Application, state: State, cluster: Cluster, message: Document, world: World) -> Desired:
    revision = message.get("revision")
    if revision and (state.target is None or revision not in (state.target.revision, app.source.target_revision)):
        raise NotBuiltYet(
            f"looking at revision {revision} instead of the one followed is not built yet",
            hint="leave the revision out",
        )
    if state.target is None:
        raise Unavailable(f"application {app.name} has not been looked up in Git yet", hint="try again in a moment")
    if state.target.error:
        raise SourceError(state.target.stage, state.target.error)
    known = state.memory.get("rendered", {})
    return desired.from_target(app, state.target, cluster.discovery().capabilities(), world, known)


def _compared(app: Application, state: State, cluster: Cluster, wanted: Desired, world: World) -> Comparison:
    return comparison.run(app, wanted.objects, state.inventory, cluster, world)


def _diff(app: Application, state: State, cluster: Cluster, wanted: Desired, world: World) -> Document:
    found = _compared(app, state, cluster, wanted, world)
    items = [_item(app, row, found.predicted.get(row.key)) for row in found.rows if not row.hook]
    return {"items": items, "revision": wanted.revision}


def _item(app: Application, row: Compared, predicted: Manifest | None) -> Document:
    """A masked row: `diff` is "" where nothing differs; `changes` says who changed which field, and when."""
    shown = predicted or row.target
    target, live = masking.masked(row.target, row.live)
    differs = row.modified or row.target is None or row.live is None
    changes = unified.changed_paths(predicted, row.live, app.ignore) if differs and predicted and row.live else []
    return {
        "group": row.key.group,
        "kind": row.key.kind,
        "namespace": row.key.namespace,
        "name": row.key.name,
        "targetState": json.dumps(target) if target else "",
        "liveState": json.dumps(live) if live else "",
        "modified": row.modified,
        "error": row.error,
        "diff": unified.unified(row.key, shown, row.live, app.ignore) if differs else "",
        "changes": [
            {
                "path": c.path,
                "desired": c.desired,
                "live": c.live,
                "manager": c.manager,
                "time": c.time,
                "operation": c.operation,
            }
            for c in changes
        ],
    }


def _manifests(app: Application, state: State, cluster: Cluster, wanted: Desired, world: World) -> Document:
    found = _compared(app, state, cluster, wanted, world)
    targets = [masking.masked(row.target)[0] for row in found.rows if row.target is not None]
    return {"manifests": [json.dumps(t) for t in targets], "revision": wanted.revision}


def _tree(app: Application, state: State, cluster: Cluster, wanted: Desired, world: World) -> Document:
    """What is managed, and below it what the managed workloads made (ReplicaSets and Pods), by owner references."""
    found = _compared(app, state, cluster, wanted, world)
    nodes = [_node(row.live, None) for row in found.rows if row.live is not None]
    uids = {row.live["metadata"]["uid"] for row in found.rows if row.live is not None}
    namespaces = {row.key.namespace for row in found.rows if row.live is not None and row.key.namespace}
    for group, kind in (("apps", "ReplicaSet"), ("batch", "Job"), ("", "Pod")):
        served = cluster.discovery().kind(group, kind)
        for obj in [o for ns in sorted(namespaces) if served for o in cluster.list(served, ns)]:
            owners = [o for o in obj["metadata"].get("ownerReferences") or () if o["uid"] in uids]
            if owners and obj["metadata"]["uid"] not in uids:
                uids.add(obj["metadata"]["uid"])
                nodes.append(_node(obj, owners[0]))
    return {"nodes": nodes}


def _node(obj: Manifest, owner: Document | None) -> Document:
    key, (group, version) = key_of(obj), group_version(obj)
    judged = health.judge(obj)
    node: Document = {
        "group": group,
        "version": version,
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        "uid": obj["metadata"].get("uid", ""),
        "createdAt": obj["metadata"].get("creationTimestamp", ""),
    }
    if judged is not None:
        node["health"] = {"status": str(judged.status), "message": judged.message}
    if owner is not None:
        node["parentRefs"] = [
            {"kind": owner["kind"], "namespace": key.namespace, "name": owner["name"], "uid": owner["uid"]}
        ]
    return node


ANSWERS: dict[str, Callable[[Application, State, Cluster, Desired, World], Document]] = {
    "diff": _diff,
    "manifests": _manifests,
    "resource-tree": _tree,
}
