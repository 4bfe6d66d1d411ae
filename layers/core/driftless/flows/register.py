"""An application is registered, changed or asked to go: by a person through the console, or by a parent's bundle.

manifest → parse → application, state and interest in one transaction → a look-up of its repository is asked for.
A parent (App of Apps) runs where no queue can be reached: its requests go out through the outbox.
"""

from __future__ import annotations

from typing import Any

from driftless import interest
from driftless.flows.wiring import World
from driftless.outlets.table import ConditionFailed, Write
from driftless.record import applications, outbox, repositories, state
from driftless.record.applications import Stored
from driftless.record.outbox import Letter
from driftless.vocabulary import argo
from driftless.vocabulary.argo import RESOURCES_FINALIZER, Application
from driftless.vocabulary.errors import Conflict, NotFound, Refused
from driftless.vocabulary.objects import Manifest


def create(manifest: Manifest, world: World, *, upsert: bool = False, parent: str = "") -> tuple[Stored, str]:
    """Outcome: "created", "unchanged" or "updated". Raises Refused, or Conflict when it exists and differs."""
    app = argo.application(manifest)
    repository = interest.canonical(app.source.repo_url)
    try:
        before = applications.read(world.table, app.name)
    except NotFound:
        return _created(app, repository, world, parent)
    if before.application.manifest == app.manifest:
        return before, "unchanged"
    if not upsert:
        raise Conflict(
            f"application {app.name} exists and its spec differs",
            hint="use --upsert, or driftless app set, to change it",
        )
    if parent and before.parent not in ("", parent):
        raise Conflict(
            f"application {app.name} is not {parent}'s: {before.parent} declares it too",
            hint="keep it in one of the two",
        )
    return _changed(before, app, repository, world, parent)


def remove(
    name: str, world: World, *, cascade: bool | None = None, propagation: str = "", parent: str = ""
) -> dict[str, Any]:
    """Ask for deletion. `cascade` None: as the finalizers say; False strips them; True adds one."""
    stored = applications.read(world.table, name)
    if cascade is False and propagation:
        raise Refused("a propagation policy goes with cascade=true only")
    deleting = {
        "cascade": stored.application.cascades if cascade is None else cascade,
        "propagation": propagation or _policy_of(stored.application),
        "at": world.now_text(),
    }
    letter = Letter("sync", {"application": name, "cause": "delete"})
    _save_and_send(world, stored, [state.request_deletion(name, deleting)], letter, parent)
    return deleting


def _created(app: Application, repository: str, world: World, parent: str) -> tuple[Stored, str]:
    writes, stored = applications.create(app, repository, world.now_text(), parent)
    try:
        _save_and_send(world, stored, writes, _look_up(stored, parent), parent)
    except ConditionFailed:
        raise Conflict(f"application {app.name} was created by somebody else just now", hint="try again") from None
    return stored, "created"


def _changed(before: Stored, app: Application, repository: str, world: World, parent: str) -> tuple[Stored, str]:
    writes, stored = applications.change(before, app, repository, parent)
    spec_changed = Letter("sync", {"application": app.name, "cause": "spec"})
    void = applications.needs_look_up(before, app, repository)
    letter = _look_up(stored, parent) if void else spec_changed
    try:
        _save_and_send(world, stored, writes, letter, parent)
    except ConditionFailed:
        raise Conflict(f"application {app.name} was changed by somebody else just now", hint="try again") from None
    return stored, "updated"


def _look_up(stored: Stored, cause: str) -> Letter:
    names = [stored.application.name]
    return Letter("fetch", {"repository": stored.repository, "applications": names, "cause": cause or "app"})


def _save_and_send(world: World, stored: Stored, writes: list[Write], letter: Letter, parent: str) -> None:
    """A parent's letter is saved with what it tells of; a person's is sent after, with the poll behind it.

    A look-up is counted when there is something to find, so that a fetch under way goes round once more for it.
    """
    if parent:
        # The uid is part of it: the same letter of a deleted namesake would be overwritten, which sends nothing.
        box = f"{stored.application.name}/{stored.uid}/{letter.message['cause']}"
        post = outbox.post(box, stored.generation, 0, letter, world.clock())
        world.table.write(*writes, post)
        return
    world.table.write(*writes)
    if letter.to == "sync":
        world.sync_queue().send(letter.message)
    elif not repositories.ask(world.table, stored.repository, world.clock()):
        world.fetch_queue().send(letter.message)


def _policy_of(app: Application) -> str:
    for finalizer in app.finalizers:
        if finalizer.startswith(f"{RESOURCES_FINALIZER}/"):
            return finalizer.rpartition("/")[2].capitalize()
    return "Foreground"
