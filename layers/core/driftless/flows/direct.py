"""Direct invokes of the sync function: what a person or a script asks without the REST API in between.

In: {"action", "application", …}. Out: the same document as REST's. The caller's IAM permission to invoke is the check.
"""

from __future__ import annotations

import uuid
from typing import Any

from driftless.flows import document, questions, sync
from driftless.flows.wiring import World
from driftless.outlets.table import ConditionFailed
from driftless.record import applications, history, outbox, repositories
from driftless.record import state as states
from driftless.record.outbox import Letter
from driftless.vocabulary.errors import Conflict, Refused

_DOING = ("sync", "rollback", "refresh")


def invoke(message: dict[str, Any], world: World) -> dict[str, Any]:
    action, name = message.get("action"), message.get("application")
    if not name or action not in (*_DOING, *questions.ANSWERS):
        known = ", ".join((*_DOING, *questions.ANSWERS))
        raise Refused('expected {"action", "application"}', hint=f"actions: {known}")
    if action in questions.ANSWERS:
        return questions.answer(message, world)
    applications.read(world.table, name)
    if action == "rollback":
        _ask(name, _rollback(message, world), world)
    elif action == "sync":
        _ask(name, _sync(message, world), world)
    if action in ("sync", "refresh"):
        _look_up(name, world)
    sync.visit(name, world)
    return _application(name, world)


def _rollback(message: dict[str, Any], world: World) -> dict[str, Any]:
    name, number = message["application"], message.get("id")
    if number is None:
        entries = history.read(world.table, name)
        if len(entries) < 2:
            raise Refused(f"application {name} has no deployment before the last", hint='name one: "id": N')
        number = entries[-2]["id"]
    entry = history.find(world.table, name, int(number))
    picked = {key: entry[key] for key in ("id", "bundle", "revision", "source")}
    return _operation() | {
        "rollback": picked,
        "prune": bool(message.get("prune")),
        "dryRun": bool(message.get("dryRun")),
    }


def _sync(message: dict[str, Any], world: World) -> dict[str, Any]:
    flags = {key: message[key] for key in ("prune", "dryRun", "resources", "syncOptions") if key in message}
    asked = _operation() | {"sync": flags, "lookup": True, "askedAt": world.clock()}
    return asked | ({"confirmPrune": True} if message.get("confirmPrune") else {})


def _operation() -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "initiatedBy": {"username": "aws lambda invoke"}}


def _ask(name: str, operation: dict[str, Any], world: World) -> None:
    state = states.read(world.table, world.store(), name)
    try:
        if state.operation is not None:
            raise ConditionFailed
        world.table.write(states.ask(name, operation))
    except ConditionFailed:
        raise Conflict(
            f"another operation of {name} is already in progress", hint="wait, or end it: app terminate-op"
        ) from None


def _look_up(name: str, world: World) -> None:
    """The sync function reaches no queue: the look-up is asked for through the outbox."""
    stored = applications.read(world.table, name)
    message = {"repository": stored.repository, "applications": [name], "cause": "invoke"}
    slot = int(world.clock() * 10)
    letter = outbox.post(f"{name}/invoke", slot, 0, Letter("fetch", message), world.clock())
    world.table.write(repositories.request(stored.repository))
    world.table.write(letter)


def _application(name: str, world: World) -> dict[str, Any]:
    stored = applications.read(world.table, name)
    state = states.read(world.table, world.store(), name)
    return document.application(stored, state, history.read(world.table, name))
