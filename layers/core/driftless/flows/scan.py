"""One bulk look at a cluster: each kind once, not once per application; whoever drifted is visited.

In: a cluster's server. Out: how many applications were found to have drifted; a letter for each.
An application is visited when an object of its inventory is not as the last visit left it (its fingerprint, its
health, gone or back), when its health was not final, or when it could not be compared for a reason that may pass.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from driftless import health
from driftless.compare import fingerprint
from driftless.flows.syncing import children, outlook
from driftless.flows.syncing.comparison import key_from
from driftless.flows.wiring import World
from driftless.outlets import cluster as clusters
from driftless.outlets.cluster import Cluster
from driftless.record import applications, outbox
from driftless.record import clusters as registered
from driftless.record import state as states
from driftless.record.applications import Stored
from driftless.record.outbox import Letter
from driftless.record.state import State
from driftless.vocabulary.argo import Destination
from driftless.vocabulary.errors import Unavailable
from driftless.vocabulary.objects import Manifest, ObjectKey, key_of

_FINAL_HEALTH = ("Healthy", "Suspended", "Missing")
SLOT_SECONDS = 30
"""Two scans in one slot send one letter."""


@dataclass(frozen=True, slots=True)
class _Print:
    fingerprint: str = ""
    health: str = ""


def scan(server: str, world: World) -> dict[str, Any]:
    """Raises Unavailable when the cluster does not answer, after its applications were called to say so."""
    found = registered.find(world.table, Destination(server, "", ""))
    stored = {s.application.name: s for s in applications.read_all(world.table)}
    everything = states.read_everything(world.table, world.store())
    here = [s for s in everything if not s.deleting and _is_there(stored.get(s.name), found)]
    if not here:
        return {"cluster": server, "applications": 0, "drifted": []}
    try:
        live = _prints(here, clusters.connect(found.config)) | _children(here, stored, everything)
    except Unavailable:
        _call((s.name for s in here if (s.status.get("sync") or {}).get("status") != "Unknown"), world)
        raise
    drifted = sorted(state.name for state in here if _worth_a_visit(state, live))
    _call(drifted, world)
    return {"cluster": server, "applications": len(here), "drifted": drifted}


def _call(names: Iterable[str], world: World) -> None:
    slot = int(world.clock()) // SLOT_SECONDS
    for name in names:
        letter = Letter("sync", {"application": name, "cause": "drift"})
        world.table.write(outbox.post(f"{name}/drift", slot, 0, letter, world.clock()))


def _is_there(stored: Stored | None, cluster: registered.Registered) -> bool:
    if stored is None:
        return False
    destination = stored.application.destination
    return destination.server == cluster.server or bool(destination.name and destination.name == cluster.name)


def _worth_a_visit(state: State, live: dict[ObjectKey, _Print]) -> bool:
    if not state.status:
        return False  # fetch has not looked its source up yet, and will call
    if (state.status.get("health") or {}).get("status") not in _FINAL_HEALTH:
        return True
    if (state.status.get("sync") or {}).get("status") == "Unknown" and not state.memory.get(outlook.UNREADABLE):
        return True
    shown = {_key(row): row for row in state.resources}
    for text, row in state.inventory.items():
        key = key_from(text)
        now, before = live.get(key, _Print()), shown.get(key, {})
        if before.get("hook"):
            continue  # it has no sync status, and comes and goes with the operations
        moved = bool(now.fingerprint) and now.health != (before.get("health") or {}).get("status", now.health)
        if now.fingerprint != row.fingerprint or moved:
            return True
    return False


def _key(row: dict[str, Any]) -> ObjectKey:
    return ObjectKey(row.get("group", ""), row["kind"], row.get("namespace", ""), row["name"])


def _children(here: list[State], stored: dict[str, Stored], everything: list[State]) -> dict[ObjectKey, _Print]:
    going = {state.name for state in everything if state.deleting}
    keys = {key for state in here for key in map(key_from, state.inventory) if children.is_ours(key)}
    live = {key: children.as_live(key, stored.get(key.name), key.name in going) for key in keys}
    return {key: _Print(fingerprint.fingerprint(obj)) for key, obj in live.items() if obj is not None}


def _prints(here: list[State], cluster: Cluster) -> dict[ObjectKey, _Print]:
    """Fingerprint and health of every object of every kind and namespace that some inventory names."""
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
    return {key_of(obj): _print(obj) for some in objects for obj in some}


def _print(obj: Manifest) -> _Print:
    judged = health.judge(obj)
    return _Print(fingerprint.fingerprint(obj), str(judged.status) if judged else "")
