"""An operation in the middle: what it is, what it wants, and what is known of every object that it is about.

In: the state with an operation under way, its bundle, its comparison. Out: `Running`, and the `Outcome` of a visit to
it. What a step did is found again in the recorded results and the live objects; nothing else is remembered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from driftless import apply
from driftless.flows.syncing import operation_record
from driftless.flows.syncing.comparison import Comparison
from driftless.flows.syncing.desired import Desired
from driftless.plan.step import TaskId
from driftless.plan.tasks import Scope, tasks
from driftless.policy.pruning import Pruning, pruning
from driftless.record.state import State
from driftless.vocabulary.argo import Application
from driftless.vocabulary.model import Compared, OperationPhase, ResourceResult, Task
from driftless.vocabulary.objects import Manifest, ObjectKey


@dataclass(frozen=True, slots=True)
class Running:
    app: Application
    state: State
    desired: Desired
    rows: tuple[Compared, ...] = field(repr=False)
    pruning: Pruning
    results: dict[TaskId, ResourceResult] = field(repr=False)
    live: dict[ObjectKey, Manifest | None] = field(repr=False)
    save: Callable[[State], None] = field(repr=False)
    """Writes the state under the lease; raises LeaseLost when it went to another worker."""

    @property
    def document(self) -> dict[str, Any]:
        return self.state.operation or {}

    @property
    def sync(self) -> dict[str, Any]:
        return self.document.get("sync") or {}

    @property
    def dry_run(self) -> bool:
        return bool(self.sync.get("dryRun"))

    @property
    def sync_options(self) -> frozenset[str]:
        return self.app.sync_options | frozenset(self.sync.get("syncOptions") or ())

    @property
    def tasks(self) -> tuple[Task, ...]:
        return tasks(self.rows, self._scope)

    @property
    def _scope(self) -> Scope:
        strategy = self.sync.get("syncStrategy") or {}
        revision, started = self.desired.revision[:7], int(self.document["startedAt"])
        return Scope(
            prune=self.pruning.allowed,
            resources=tuple(self.sync["resources"]) if self.sync.get("resources") else None,
            hooks="apply" not in strategy and "rollback" not in self.document and not self.dry_run,
            options=self.sync_options,
            run=f"{revision}-{started}",
        )

    @property
    def apply_options(self) -> apply.Options:
        strategy = self.sync.get("syncStrategy") or {}
        forced = any((strategy.get(kind) or {}).get("force") for kind in ("apply", "hook"))
        return apply.Options(
            options=self.sync_options,
            force=forced,
            dry_run=self.dry_run,
            prune=bool(self.sync.get("prune")),
            operation=f"{self.document.get('id', '')}/{self.document.get('retryCount', 0)}",
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one visit made of the operation: `ended`, or None when it is parked for `delay` seconds."""

    state: State
    rows: tuple[Compared, ...] = field(repr=False)
    ended: OperationPhase | None = None
    message: str = ""
    delay: int = 0


def resume(
    app: Application, state: State, desired: Desired, comparison: Comparison, save: Callable[[State], None]
) -> Running:
    """Take up the operation under way where the last visit, alive or not, has left it."""
    sync = (state.operation or {}).get("sync") or {}
    options = app.sync_options | frozenset(sync.get("syncOptions") or ())
    allowed = pruning(
        comparison.rows,
        options,
        asked=bool(sync.get("prune")),
        confirmed=bool((state.operation or {}).get("confirmPrune")),
    )
    results = operation_record.results(state)
    live = {row.key: row.live for row in comparison.rows}
    return Running(app, state, desired, comparison.rows, allowed, results, live, save)
