"""What people read: Argo CD's `status` of an application, made from what a visit found; and when to look again.

In: an application, its state, what was found. Out: the state with its status written, and letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from driftless import apply, health
from driftless.flows import operation_record
from driftless.flows.comparison import Comparison, clean_rows
from driftless.flows.desired import Desired, remembered
from driftless.flows.operation import Running
from driftless.flows.wiring import as_text
from driftless.outlets.cluster import Cluster
from driftless.policy.automation import Verdict
from driftless.policy.pruning import pruning
from driftless.record.outbox import Letter
from driftless.record.state import State
from driftless.vocabulary.argo import Application
from driftless.vocabulary.errors import ClusterRefused, Unavailable
from driftless.vocabulary.model import (
    Compared,
    Condition,
    ConditionType,
    Health,
    HealthStatus,
    OperationPhase,
    ResourceStatus,
    ResultCode,
    SyncStatus,
)
from driftless.vocabulary.objects import Manifest, group_version

LOOKS = (1, 1, 2, 3, 5, 8, 13, 20, 30, 60)
"""Seconds until the next look at an application that is not healthy yet; after the last one the poll looks."""
FAILURE_LOOKS = (5, 15, 60, 180)

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
    return tuple((row, _explained(row, health.of_row(row), cluster)) for row in rows)


def _explained(row: Compared, found: Health | None, cluster: Cluster | None) -> Health | None:
    if cluster is None or row.live is None or found is None or found.status is not HealthStatus.PROGRESSING:
        return found
    if health.wants_pods(row.live) is None:
        return found
    pod = cluster.discovery().kind("", "Pod")
    if pod is None:
        return found
    return health.explain(row.live, cluster.list(pod, row.key.namespace)) or found


def written(app: Application, state: State, found: Found, now: float) -> State:
    """The whole status, as Argo CD shapes it; what did not change keeps its times."""
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
    inventory = clean_rows(found.comparison.rows, state.inventory)
    if state.operation is not None:
        inventory = state.inventory | inventory
    return replace(state, status=shown, resources=rows, inventory=inventory, memory=memory)


def unknown(app: Application, state: State, condition: Condition, now: float) -> State:
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


def abandoned(state: State, message: str, now: float) -> State:
    """What a person asked for, or began, cannot be done while nothing can be compared: it ends with phase Error."""
    if state.operation is not None and "retryAt" not in state.operation:
        return operation_record.ended(state, OperationPhase.ERROR, message, now)
    return state


def _all_conditions(app: Application, state: State, found: Found) -> list[Condition]:
    conditions = [*found.comparison.conditions]
    conditions += [Condition(ConditionType.COMPARISON_ERROR, row.error) for row in found.comparison.rows if row.error]
    if found.verdict.condition is not None:
        conditions.append(found.verdict.condition)
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


def deployed(
    app: Application, state: State, own: Desired, operation: dict[str, Any], ended: OperationPhase, now: float
) -> tuple[dict[str, Any] | None, tuple[Letter, ...]]:
    """The history entry of a whole, real, successful deployment, and the event that tells the world of any end."""
    sync = operation.get("sync") or {}
    partial, dry = bool(sync.get("resources")), bool(sync.get("dryRun"))
    detail = {
        "application": app.name,
        "phase": str(ended),
        "revision": own.revision,
        "bundle": own.bundle,
        "message": (state.status["operationState"]).get("message", ""),
    }
    letters = () if dry else (Letter("events", {"type": f"Sync{ended}", "detail": detail}),)
    if ended is not OperationPhase.SUCCEEDED or partial or dry:
        return None, letters
    entry = {
        "id": state.memory.get("nextId", 0),
        "revision": own.revision,
        "source": own.source,
        "bundle": own.bundle,
        "deployStartedAt": as_text(operation["startedAt"]),
        "deployedAt": as_text(now),
        "initiatedBy": operation.get("initiatedBy") or {},
    }
    return entry, letters


def next_look(
    app: Application, state: State, found: Found, verdict: Verdict, now: float
) -> tuple[tuple[Letter, ...], State]:
    """When a message should bring us back: the operation's or the policy's time, or while health still moves."""
    if verdict.wait_seconds > 0:
        return _letter(app, state, max(1, round(verdict.wait_seconds)), "go on", now)
    moving = found.health.status in (HealthStatus.PROGRESSING, HealthStatus.MISSING)
    if not moving or state.operation is not None:
        memory = {k: v for k, v in state.memory.items() if k not in ("looks", "wakes")}
        return (), replace(state, memory=memory)
    looks = state.memory.get("looks", 0)
    if looks >= len(LOOKS):
        return (), state
    if state.memory.get("wakes", 0.0) > now + 0.5:
        return (), state
    return _letter(app, replace(state, memory=state.memory | {"looks": looks + 1}), LOOKS[looks], "health", now)


def look_after_failure(
    app: Application, state: State, now: float, *, retryable: bool
) -> tuple[tuple[Letter, ...], State]:
    if not retryable and not state.deleting:
        return (), state
    looks = state.memory.get("looks", 0)
    delay = LOOKS[min(looks, len(LOOKS) - 1)] if state.deleting else FAILURE_LOOKS[min(looks, len(FAILURE_LOOKS) - 1)]
    return _letter(app, replace(state, memory=state.memory | {"looks": looks + 1}), delay, "again", now)


def _letter(app: Application, state: State, delay: int, cause: str, now: float) -> tuple[tuple[Letter, ...], State]:
    letter = Letter("sync", {"application": app.name, "cause": cause}, delay)
    return (letter,), replace(state, memory=state.memory | {"wakes": now + delay})


def namespace_failure(app: Application, cluster: Cluster, running: Running) -> str:
    """`CreateNamespace=true`: make the destination's namespace first. Not empty: why it could not be made."""
    policy = app.spec.get("syncPolicy") or {}
    name = app.destination.namespace
    declared = any(
        row.target is not None and row.key.kind == "Namespace" and row.key.name == name for row in running.rows
    )
    if "CreateNamespace=true" not in running.sync_options or not name or declared:
        return ""
    managed = policy.get("managedNamespaceMetadata") or {}
    try:
        outcome = apply.ensure_namespace(
            cluster,
            name,
            managed.get("labels") or {},
            managed.get("annotations") or {},
            dry_run=bool(running.sync.get("dryRun")),
        )
    except ClusterRefused as refused:
        return str(refused)
    if outcome is not None and outcome.result.status is None:
        raise Unavailable(outcome.result.message)
    return outcome.result.message if outcome is not None and outcome.result.status is ResultCode.SYNC_FAILED else ""
