"""The words the corridor speaks, spelled as Argo CD spells them; values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from driftless.vocabulary.objects import Manifest, ObjectKey


class SyncStatus(StrEnum):
    SYNCED = "Synced"
    OUT_OF_SYNC = "OutOfSync"
    UNKNOWN = "Unknown"


class HealthStatus(StrEnum):
    """From best to worst: an application is as healthy as its worst resource."""

    HEALTHY = "Healthy"
    SUSPENDED = "Suspended"
    PROGRESSING = "Progressing"
    MISSING = "Missing"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"

    @property
    def rank(self) -> int:
        return list(HealthStatus).index(self)


@dataclass(frozen=True, slots=True)
class Health:
    status: HealthStatus
    message: str = ""


class OperationPhase(StrEnum):
    RUNNING = "Running"
    TERMINATING = "Terminating"
    FAILED = "Failed"
    ERROR = "Error"
    SUCCEEDED = "Succeeded"

    @property
    def ended(self) -> bool:
        return self in (OperationPhase.FAILED, OperationPhase.ERROR, OperationPhase.SUCCEEDED)


class HookType(StrEnum):
    """The phases of a sync, in the order they run; SyncFail runs only after a failure."""

    PRE_SYNC = "PreSync"
    SYNC = "Sync"
    POST_SYNC = "PostSync"
    SYNC_FAIL = "SyncFail"
    PRE_DELETE = "PreDelete"
    POST_DELETE = "PostDelete"
    SKIP = "Skip"


class ResultCode(StrEnum):
    SYNCED = "Synced"
    SYNC_FAILED = "SyncFailed"
    PRUNED = "Pruned"
    PRUNE_SKIPPED = "PruneSkipped"


class ConditionType(StrEnum):
    INVALID_SPEC_ERROR = "InvalidSpecError"
    COMPARISON_ERROR = "ComparisonError"
    SYNC_ERROR = "SyncError"
    DELETION_ERROR = "DeletionError"
    UNKNOWN_ERROR = "UnknownError"
    SHARED_RESOURCE_WARNING = "SharedResourceWarning"
    REPEATED_RESOURCE_WARNING = "RepeatedResourceWarning"
    EXCLUDED_RESOURCE_WARNING = "ExcludedResourceWarning"
    ORPHANED_RESOURCE_WARNING = "OrphanedResourceWarning"
    PRUNE_GUARD_WARNING = "PruneGuardWarning"
    """Ours: a prune waits for a person (vocabulary of the design, not of Argo CD)."""
    HELD_WARNING = "HeldWarning"
    """Ours: a rollback holds back the bundle that it rolled away from."""


@dataclass(frozen=True, slots=True)
class Condition:
    type: ConditionType
    message: str


@dataclass(frozen=True, slots=True)
class ResourceStatus:
    """One row of `status.resources`: what the last comparison found about one object."""

    key: ObjectKey
    version: str
    status: SyncStatus | None
    """None for hooks and skipped objects: they have no sync status."""
    health: Health | None
    """None for kinds without a health check."""
    hook: bool = False
    requires_pruning: bool = False
    sync_wave: int = 0

    def as_argo(self) -> dict[str, Any]:
        row: dict[str, Any] = {"version": self.version, "kind": self.key.kind, "name": self.key.name}
        row |= {"group": self.key.group} if self.key.group else {}
        row |= {"namespace": self.key.namespace} if self.key.namespace else {}
        row |= {"status": str(self.status)} if self.status else {}
        if self.health:
            row["health"] = {"status": str(self.health.status)} | (
                {"message": self.health.message} if self.health.message else {}
            )
        row |= {"hook": True} if self.hook else {}
        row |= {"requiresPruning": True} if self.requires_pruning else {}
        row |= {"syncWave": self.sync_wave} if self.sync_wave else {}
        return row


@dataclass(frozen=True, slots=True)
class ResourceResult:
    """One row of `operationState.syncResult.resources`: what a sync did to one object."""

    key: ObjectKey
    version: str
    status: ResultCode | None
    message: str = ""
    hook_type: HookType | None = None
    hook_phase: OperationPhase | None = None
    sync_phase: HookType = HookType.SYNC

    def as_argo(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "group": self.key.group,
            "version": self.version,
            "kind": self.key.kind,
            "namespace": self.key.namespace,
            "name": self.key.name,
            "message": self.message,
            "syncPhase": str(self.sync_phase),
        }
        row |= {"status": str(self.status)} if self.status else {}
        row |= {"hookType": str(self.hook_type)} if self.hook_type else {}
        row |= {"hookPhase": str(self.hook_phase)} if self.hook_phase else {}
        return row

    @staticmethod
    def from_argo(row: dict[str, Any]) -> ResourceResult:
        return ResourceResult(
            key=ObjectKey(row.get("group", ""), row["kind"], row.get("namespace", ""), row["name"]),
            version=row.get("version", ""),
            status=ResultCode(row["status"]) if row.get("status") else None,
            message=row.get("message", ""),
            hook_type=HookType(row["hookType"]) if row.get("hookType") else None,
            hook_phase=OperationPhase(row["hookPhase"]) if row.get("hookPhase") else None,
            sync_phase=HookType(row.get("syncPhase") or "Sync"),
        )


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a render may know of its destination: Helm's `--kube-version` and `--api-versions`."""

    kube_version: str = ""
    api_versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """Rendered objects, immutable, named by the digest of their canonical JSON."""

    digest: str
    objects: tuple[Manifest, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Compared:
    """One object of a comparison: what Git wants, what is there, and whether they differ.

    `target` is None for an object that Git no longer has, `live` None for one that is not there yet;
    `modified` is the server's own answer (a dry-run apply would change something that is not ignored).
    """

    key: ObjectKey
    version: str
    target: Manifest | None = field(repr=False)
    live: Manifest | None = field(repr=False)
    modified: bool
    hook: bool = False
    """A hook, or an object marked `Skip`: no sync status, never pruned."""
    wave: int = 0
    error: str = ""
    """Why the API server would not even say (a refused dry run): the application's comparison is Unknown."""

    @property
    def status(self) -> SyncStatus | None:
        if self.hook:
            return None
        if self.error:
            return SyncStatus.UNKNOWN
        return (
            SyncStatus.OUT_OF_SYNC if self.modified or self.target is None or self.live is None else SyncStatus.SYNCED
        )

    @property
    def requires_pruning(self) -> bool:
        return not self.hook and self.target is None and self.live is not None


class Verb(StrEnum):
    APPLY = "apply"
    PRUNE = "prune"


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do to one object. Order: phase, wave, kind, name (argo-behaviour 5.1)."""

    verb: Verb
    phase: HookType
    wave: int
    key: ObjectKey
    version: str
    target: Manifest | None = field(repr=False, default=None)
    live: Manifest | None = field(repr=False, default=None)
    hook: HookType | None = None
    """The hook type when this object is a hook of `phase`, else None."""
