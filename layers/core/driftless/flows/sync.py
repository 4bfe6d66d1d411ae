"""The corridor: one visit to one application, safe to repeat and to kill anywhere.

lease → what Git wants → comparison → decision → the operation's next steps → health → record → let go, or come back.
A visit is asked for by a message that only names the application: everything else is read when it begins.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

from driftless.flows.syncing import begin, comparison, deletion, desired, outlook, proceed
from driftless.flows.syncing.desired import Desired
from driftless.flows.syncing.lease import Lease, StateMoved
from driftless.flows.syncing.visit import After, Blind, Seen, Sight, Visit
from driftless.flows.wiring import World
from driftless.outlets import cluster as clusters
from driftless.outlets.cluster import Cluster
from driftless.outlets.table import ConditionFailed
from driftless.policy import projects
from driftless.record import applications, outbox
from driftless.record import clusters as registered
from driftless.record import state as states
from driftless.record.outbox import Letter
from driftless.record.state import State
from driftless.vocabulary.errors import ClusterRefused, DriftlessError, NotFound, Refused, SourceError, Unavailable

ROUNDS = 20
"""How often one visit begins anew because something was asked for meanwhile, before it leaves that to a message."""
HARD_REFRESH = "hard-refresh"
"""The cause of a visit that shall render anew what was rendered before."""


def visit(name: str, world: World, *, cause: str = "", sleep: Callable[[float], None] = time.sleep) -> dict[str, Any]:
    """One visit. The answer says what came of it: {"application", "sync", "health", "phase"} or {"busy"|"gone"}."""
    try:
        lease = Lease.take(name, world) or _asked_for(name, world)
    except NotFound:
        return {"application": name, "gone": True}
    if lease is None:
        return {"application": name, "busy": True}
    with lease:
        if cause == HARD_REFRESH:
            lease.state = desired.forgotten(lease.state)
        for _ in range(ROUNDS):
            with contextlib.suppress(StateMoved):
                stored = applications.read(world.table, name)
                after = _looked(Visit(stored, lease, world, sleep))
                if after is None:
                    return {"application": name, "gone": True}
                if after.again:
                    lease.save(after.state, *after.writes, letters=after.letters)
                elif lease.let_go(after.state, after.letters, after.writes):
                    return _summary(after.state)
    raise Unavailable(f"application {name} is asked for more often than it can be looked at", hint="it is tried again")


def _looked(visit: Visit) -> After | None:
    """A fault of ours is shown where a person looks, and raised: its message comes again; the log names the place."""
    try:
        return look(visit)
    except DriftlessError:
        raise
    except Exception as fault:
        visit.lease.save(outlook.faulted(visit, fault))
        raise


def look(visit: Visit) -> After | None:
    """Everything that can be known and done now. None when the application is gone."""
    try:
        if visit.lease.state.deleting:
            return _deleted(visit)
        sight = _sight(visit)
    except (Refused, ClusterRefused, Unavailable) as error:
        return outlook.obstructed(visit, error)
    return After(visit.lease.state) if sight is None else _decided(visit, sight)


def _sight(visit: Visit) -> Sight | None:
    """None until fetch has looked up the source as it is now, unless there is something to do without it."""
    projects.refuse_unknown(visit.app.project)
    state, target = visit.lease.state, visit.lease.state.target
    known = target is not None and target.source == visit.app.source.raw
    without = state.operation is not None or state.terminate or "rollback" in (state.asked or {})
    if not known and not without:
        return None
    cluster = clusters.connect(registered.find(visit.world.table, visit.app.destination).config)
    if not known:
        return Blind(cluster, SourceError("revision", "the source has not been looked up in Git yet"))
    try:
        wanted = _wanted(visit, cluster)
    except SourceError as trouble:
        return Blind(cluster, trouble)
    return Seen(cluster, wanted, comparison.run(visit.app, wanted.objects, state.inventory, cluster, visit.world))


def _wanted(visit: Visit, cluster: Cluster) -> Desired:
    target = visit.lease.state.target
    assert target is not None
    if target.error:
        raise SourceError(target.stage, target.error)
    known = visit.lease.state.memory.get("rendered", {})
    return desired.from_target(visit.app, target, cluster.discovery().capabilities(), visit.world, known)


def _decided(visit: Visit, sight: Sight) -> After:
    """Go on with the operation under way, or begin one that a person or the policy asks for, or only say how it is."""
    state = begin.superseded(visit, visit.lease.state, sight)
    state, verdict = begin.begin(visit, state, sight)
    if state.operation is None:
        return outlook.settled(visit, state, sight, verdict)
    return proceed.proceed(visit, state, sight)


def _deleted(visit: Visit) -> After | None:
    try:
        cluster = clusters.connect(registered.find(visit.world.table, visit.app.destination).config)
    except NotFound:
        cluster = None
    left = deletion.step(visit, cluster)
    return None if left is None else outlook.going(visit, left)


def _asked_for(name: str, world: World) -> Lease | None:
    """Another worker is there: it will look again before it lets go, and if it dies, a message will.

    It may have let go between the two: then its lease is ours after all.
    """
    letter = Letter("sync", {"application": name, "cause": "takeover"}, Lease.SECONDS + 1)
    slot = int(world.clock()) // Lease.SECONDS
    with contextlib.suppress(ConditionFailed):
        world.table.write(states.look_again(name), outbox.post(f"{name}/takeover", slot, 0, letter, world.clock()))
    return Lease.take(name, world)


def _summary(state: State) -> dict[str, Any]:
    shown = state.status
    return {
        "application": state.name,
        "sync": (shown.get("sync") or {}).get("status", "Unknown"),
        "health": (shown.get("health") or {}).get("status", "Unknown"),
        "phase": (shown.get("operationState") or {}).get("phase", ""),
        "revision": (shown.get("sync") or {}).get("revision", ""),
    }
