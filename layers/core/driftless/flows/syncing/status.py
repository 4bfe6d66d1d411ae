"""What people read: Argo CD's `status` of an application, made from what a visit found.

In: an application, its state, what was found. Out: the state with its status, resources and inventory written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from driftless import health
from driftless.flows.syncing.comparison import Comparison, inventory_of
from driftless.flows.syncing.desired import Desired, remembered
from driftless.flows.wiring import as_text
from driftless.outlets.cluster import Cluster, Kind
from driftless.policy.automation import Verdict
from driftless.policy.pruning import pruning
from driftless.record.state import State
from driftless.vocabulary.argo import Application
from driftless.vocabulary.model import (
    Compared,
    Condition,
    ConditionType,
    Health,
    HealthStatus,
    ResourceStatus,
    SyncStatus,
)
from driftless.vocabulary.objects import Manifest, ObjectKey, group_version

FEW = 4
"""Up to so many workloads, a list of each one's pods is less than the list of all pods around them."""

Judged = tuple[tuple[Compared, Health | None], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a visit found: what Git wants, the comparison with it, the policy's verdict, each row's health."""

    wanted: Desired
    comparison: Comparison
    verdict: Verdict
    judged: Judged = field(repr=False)

    @property
    def health(self) -> Health:
        return health.aggregate(self.judged)


def judged(rows: Sequence[Compared], cluster: Cluster | None) -> Judged:
    """Each row's health; with a cluster, a workload that still progresses is asked for its pods (design, lesson 1)."""
    plain = tuple((row, health.of_row(row)) for row in rows)
    asking = [row for row, found in plain if found is not None and found.status is HealthStatus.PROGRESSING]
    asking = [row for row in asking if row.live is not None and health.wants_pods(row.live) is not None]
    pod = cluster.discovery().kind("", "Pod") if cluster is not None and asking else None
    if cluster is None or pod is None:
        return plain
    pods = _pods(asking, cluster, pod)
    causes = {row.key: health.explain(row.live or {}, pods[row.key]) for row in asking}
    return tuple((row, causes.get(row.key) or found) for row, found in plain)


def _pods(asking: Sequence[Compared], cluster: Cluster, pod: Kind) -> dict[ObjectKey, list[Manifest]]:
    """A few workloads are asked for their own pods; many for their namespaces', once each."""
    if len(asking) <= FEW:
        lists = cluster.map(lambda row: cluster.list(pod, row.key.namespace, selector=_selector(row)), asking)
        return {row.key: found for row, found in zip(asking, lists, strict=True)}
    whole = {where: cluster.list(pod, where) for where in {row.key.namespace for row in asking}}
    return {row.key: whole[row.key.namespace] for row in asking}


def _selector(row: Compared) -> str:
    """The workload's labels as the API server filters by them; expressions are left to `health.explain`."""
    wanted = (health.wants_pods(row.live or {}) or {}).get("matchLabels") or {}
    return ",".join(f"{name}={value}" for name, value in sorted(wanted.items()))


def written(app: Application, state: State, found: Found, now: float) -> State:
    """The whole status, as Argo CD shapes it; what did not change keeps its times."""
    state = _moved(app, state, found.comparison.rows)
    before = state.status
    rows = tuple(_resource(row, judged_health).as_argo() for row, judged_health in found.judged)
    wanted = found.wanted
    shown: dict[str, Any] = {
        **{k: v for k, v in before.items() if k == "operationState"},
        "sync": {
            "status": str(found.comparison.status),
            "revision": wanted.revision,
            "comparedTo": {"source": wanted.source, "destination": app.spec["destination"]},
        },
        "health": _health(found.health, before.get("health") or {}, now),
        "conditions": _conditions(_all_conditions(app, state, found), before.get("conditions") or [], now),
        "reconciledAt": as_text(now),
        "sourceType": wanted.source_type,
        "summary": {"images": _images(found.comparison.rows)},
        "bundle": wanted.bundle,
    }
    if wanted.target is not None and wanted.target.subject:
        target = wanted.target
        shown["commit"] = {"author": target.author, "message": target.subject, "date": target.date}
    memory = state.memory | ({"rendered": remembered(wanted)} if wanted.render_key else {})
    inventory = inventory_of(found.comparison.rows)
    if state.operation is not None:
        inventory = state.inventory | inventory
    return replace(state, status=shown, resources=rows, inventory=inventory, memory=memory)


LEFT = "left"
"""In the memory: what stays on the cluster that the application was deployed to before, until a person syncs."""


def _moved(app: Application, state: State, rows: Sequence[Compared]) -> State:
    """Another cluster is the destination now: nobody deletes anything on the old one, and the person is told so."""
    before = ((state.status.get("sync") or {}).get("comparedTo") or {}).get("destination") or {}
    old, new = (one.get("server") or one.get("name") or "" for one in (before, app.spec["destination"]))
    stay = {row.fingerprint.partition("/")[0] for row in state.inventory.values() if row.fingerprint}
    here = {row.live["metadata"].get("uid") for row in rows if row.live is not None}
    if old in ("", new) or not stay or stay & here:
        return state
    message = f"{len(stay)} object(s) stay on cluster {old}, where the application was deployed before"
    hint = "delete them there, or set the destination back and delete the application with --cascade first"
    return replace(state, memory=state.memory | {LEFT: f"{message}; {hint}"})


def unknown(state: State, condition: Condition, now: float) -> State:
    """What could not be compared: sync and resources Unknown, the last good rest stays."""
    before = state.status
    shown = before | {
        "sync": (before.get("sync") or {}) | {"status": str(SyncStatus.UNKNOWN)},
        "health": before.get("health") or {"status": str(HealthStatus.UNKNOWN), "lastTransitionTime": as_text(now)},
        "conditions": _conditions([condition], before.get("conditions") or [], now),
        "reconciledAt": as_text(now),
    }
    rows = tuple(row | {"status": str(SyncStatus.UNKNOWN)} if "status" in row else row for row in state.resources)
    return replace(state, status=shown, resources=rows)


def _all_conditions(app: Application, state: State, found: Found) -> list[Condition]:
    conditions = [*found.comparison.conditions]
    conditions += [
        Condition(ConditionType.COMPARISON_ERROR, f"{row.key}: {row.error}")
        for row in found.comparison.rows
        if row.error
    ]
    if found.verdict.condition is not None:
        conditions.append(found.verdict.condition)
    if LEFT in state.memory:
        conditions.append(Condition(ConditionType.ORPHANED_RESOURCE_WARNING, state.memory[LEFT]))
    waits = pruning(
        found.comparison.rows, app.sync_options, asked=bool(app.automated and app.automated.prune), confirmed=False
    ).waits
    if waits:
        conditions.append(Condition(ConditionType.PRUNE_GUARD_WARNING, waits))
    return conditions


def _conditions(found: Sequence[Condition], before: Sequence[dict[str, Any]], now: float) -> list[dict[str, Any]]:
    times = {(c["type"], c["message"]): c.get("lastTransitionTime") for c in before}
    return [
        {
            "type": str(c.type),
            "message": c.message,
            "lastTransitionTime": times.get((str(c.type), c.message)) or as_text(now),
        }
        for c in dict.fromkeys(found)
    ]


def _health(found: Health, before: dict[str, Any], now: float) -> dict[str, Any]:
    same = before.get("status") == str(found.status)
    since = before.get("lastTransitionTime") if same else None
    message = {"message": found.message} if found.message else {}
    return {"status": str(found.status), **message, "lastTransitionTime": since or as_text(now)}


def _resource(row: Compared, found: Health | None) -> ResourceStatus:
    return ResourceStatus(
        key=row.key,
        version=row.version or group_version(row.live or row.target or {})[1],
        status=row.status,
        health=found,
        hook=row.hook,
        requires_pruning=row.requires_pruning,
        sync_wave=row.wave,
    )


def _images(rows: Sequence[Compared]) -> list[str]:
    images: set[str] = set()
    for row in rows:
        spec = _pod_spec(row.live or {})
        for part in ("initContainers", "containers"):
            images |= {c["image"] for c in spec.get(part) or () if isinstance(c, dict) and c.get("image")}
    return sorted(images)


def _pod_spec(obj: Manifest) -> dict[str, Any]:
    spec = obj.get("spec") or {}
    if obj.get("kind") == "Pod":
        return dict(spec)
    job = (spec.get("jobTemplate") or {}).get("spec") or spec
    template = job.get("template")
    return dict(template.get("spec") or {}) if isinstance(template, dict) else {}
