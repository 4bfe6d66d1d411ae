"""One bulk look at a cluster: each kind once, not once per application; whoever drifted is visited.

In: a cluster's server. Out: how many applications were found to have drifted; a letter for each.
An application is visited when a fingerprint of its inventory moved, an object is gone, or its health was not final.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from driftless.compare import fingerprint
from driftless.flows import children
from driftless.flows.comparison import key_from
from driftless.flows.wiring import World
from driftless.outlets import cluster as clusters
from driftless.outlets.cluster import Cluster
from driftless.record import applications, outbox
from driftless.record import clusters as registered
from driftless.record import state as states
from driftless.record.outbox import Letter
from driftless.record.state import State
from driftless.vocabulary.argo import Destination
from driftless.vocabulary.objects import Manifest, ObjectKey, key_of

_FINAL_HEALTH = ("Healthy", "Suspended")


def scan(server: str, world: World) -> dict[str, Any]:
    found = registered.find(world.table, Destination(server, "", ""))
    here = _applications_of(found, world)
    if not here:
        return {"cluster": server, "applications": 0, "drifted": []}
    live = _prints(here, clusters.connect(found.config))
    drifted = sorted(state.name for state in here if _worth_a_visit(state, live))
    minute = int(world.clock()) // 30
    for name in drifted:
        letter = Letter("sync", {"application": name, "cause": "drift"})
        world.table.write(outbox.post(f"{name}/drift", minute, 0, letter, world.clock()))
    return {"cluster": server, "applications": len(here), "drifted": drifted}


def _applications_of(found: registered.Registered, world: World) -> list[State]:
    names = {
        stored.application.name
        for stored in applications.read_all(world.table)
        if stored.application.destination.server == found.server or stored.application.destination.name == found.name
    }
    everything = states.read_everything(world.table, world.store())
    return [state for state in everything if state.name in names and not state.deleting]


def _worth_a_visit(state: State, live: dict[ObjectKey, str]) -> bool:
    if (state.status.get("health") or {}).get("status") not in _FINAL_HEALTH:
        return True
    for text, row in state.inventory.items():
        key = key_from(text)
        if not children.is_ours(key) and live.get(key, "") != row.fingerprint:
            return True
    return False


def _prints(here: list[State], cluster: Cluster) -> dict[ObjectKey, str]:
    """Fingerprints of every object of every kind and namespace that some inventory names."""
    wanted: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for state in here:
        for text, row in state.inventory.items():
            key = key_from(text)
            if not children.is_ours(key):
                wanted[key.group, key.kind, row.version].add(key.namespace)
    known = cluster.discovery()
    kinds = [(known.serving(*name), namespaces) for name, namespaces in wanted.items()]
    lists = [
        (kind, namespace)
        for kind, namespaces in kinds
        if kind is not None
        for namespace in ([None] if len(namespaces) > 1 or not kind.namespaced else sorted(namespaces))
    ]
    objects: list[list[Manifest]] = cluster.map(lambda one: cluster.list(one[0], one[1]), lists)
    return {key_of(obj): fingerprint.fingerprint(obj) for some in objects for obj in some}
