"""`app sync --revision`: a revision that the application does not track becomes an artifact for one operation.

In: {"repository", "application", "revision", "operation"} as the console sent it. Out: what was done, for the log.
The operation is asked for with its commit and artifact, or with the error that ends it; then sync is called.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from driftless import checkout
from driftless.flows.fetching.look import Look
from driftless.flows.wiring import World
from driftless.outlets.git import Git, RepositoryUnavailable
from driftless.outlets.table import ConditionFailed
from driftless.record import applications, state
from driftless.record.applications import Interest
from driftless.vocabulary.errors import Refused, SourceError

ARTIFACTS = "artifacts"


def resolve_for(message: dict[str, Any], world: World, git: Git) -> dict[str, Any]:
    """Raises Unavailable when AWS is; a Git host that does not answer ends the operation: a person is waiting."""
    name, operation = message["application"], message["operation"]
    interests = applications.interests(world.table, message["repository"])
    interest = next((i for i in interests if i.application == name), None)
    if interest is None:
        return {"application": name, "outcome": "the application is gone"}
    try:
        asked = operation | _resolved(replace(interest, target_revision=message["revision"]), operation, world, git)
    except (SourceError, Refused, RepositoryUnavailable) as error:
        asked = operation | {"error": str(error), "stage": getattr(error, "stage", "revision")}
    try:
        world.table.write(state.ask(name, asked))
        outcome = "asked"
    except ConditionFailed:
        # Another operation waits, or this one: the message came twice, and sync may not have been called.
        outcome = "another operation waits"
    world.sync_queue().send({"application": name, "cause": "sync"})
    return {"application": name, "outcome": asked.get("error") or outcome}


def _resolved(interest: Interest, operation: dict[str, Any], world: World, git: Git) -> dict[str, Any]:
    look = Look(git, [interest], {}, world.clock())
    look.begin()
    trees = look.trees(look.commit(interest))
    found = checkout.footprint(trees, interest.source)
    artifact = checkout.digest(found.files)
    world.store().put(ARTIFACTS, artifact, checkout.pack(trees, found.files))
    made = trees.commit
    return {
        "revision": made.id,
        "artifact": artifact,
        "author": made.author,
        "subject": made.subject,
        "date": made.date,
        "sync": (operation.get("sync") or {}) | {"revision": made.id},
    }
