"""/applications/NAME/sync, rollback, resume, operation: what a person wants done is asked of the state, then woken.

In: Argo CD's request documents. Out: the Application with its `operation`, which carries an `id` of ours so that a
client can follow that one operation. The work is the sync function's; nothing is decided here but whether one may ask.
"""

from __future__ import annotations

import uuid
from typing import Any

from driftless.console import applications
from driftless.console.call import Call
from driftless.console.request import Answer
from driftless.flows import register
from driftless.outlets.table import ConditionFailed
from driftless.record import history, repositories, state
from driftless.record.applications import Stored
from driftless.record.history import Entry
from driftless.vocabulary import argo
from driftless.vocabulary.errors import Conflict, NotBuiltYet, NotFound, Refused

Operation = dict[str, Any]


def sync(call: Call) -> Answer:
    """The body is Argo CD's: revision, dryRun, prune, strategy, resources, syncOptions, retryStrategy, infos.

    `confirmPrune` is ours: the person has seen what the prune guard asks, and says yes.
    Without a revision the newest of the tracked one is looked up first, as Argo CD does: the operation carries
    `lookup` and `askedAt` (Unix seconds), and waits for a target resolved after that.
    """
    stored = applications.find(call, "sync")
    body = call.request.document()
    if body.get("manifests"):
        raise NotBuiltYet("a sync of local manifests is not built yet", hint="push them to Git")
    _refuse_if_busy(call, stored)
    revision = str(body.get("revision") or "")
    operation = _sync_operation(call, stored, body, revision)
    if revision and revision != (stored.application.source.target_revision or "HEAD"):
        _look_up(call, stored, {"application": stored.application.name, "revision": revision, "operation": operation})
    else:
        _ask(call, stored, operation | {"lookup": True, "askedAt": call.world.clock()})
        _look_up(call, stored, {"applications": [stored.application.name], "cause": "sync"})
        _wake(call, stored, "sync")
    return _asked(call, stored, operation)


def rollback(call: Call) -> Answer:
    """The body is {"id", "prune", "dryRun", "pause"}; no id is the deployment before the last.

    The entry's bundle is applied again, Git or no Git. `pause` switches automation off first; without it automation
    goes on and leaves the bundle that was rolled away from alone.
    """
    stored = applications.find(call, "sync")
    body = call.request.document()
    _refuse_if_busy(call, stored)
    entry = _entry(call, stored, body.get("id"))
    if body.get("pause"):
        stored = _with_automation(call, stored, enabled=False)
    picked = {key: entry[key] for key in ("id", "bundle", "revision", "source") if key in entry}
    operation = _operation(call) | {"rollback": picked | _flags(body)} | _flags(body)
    _ask(call, stored, operation)
    _wake(call, stored, "rollback")
    return _asked(call, stored, operation)


def resume(call: Call) -> Answer:
    """Automation again after a rollback: on where --pause switched it off, and nothing is held back any more.

    Two visits follow: one ends the hold, and in the other, after the look-up, automation decides.
    """
    stored = applications.find(call, "sync")
    _refuse_if_busy(call, stored)
    stored = _with_automation(call, stored, enabled=True)
    operation = _operation(call) | {"resume": True}
    _ask(call, stored, operation)
    _wake(call, stored, "resume")
    _look_up(call, stored, {"applications": [stored.application.name], "cause": "resume"})
    return _asked(call, stored, operation)


def terminate(call: Call) -> Answer:
    """Raises Refused when no operation is in progress."""
    stored = applications.find(call, "sync")
    name = stored.application.name
    found = state.read(call.world.table, call.world.store(), name)
    if found.operation is None and found.asked is None:
        raise Refused(f"unable to terminate operation of application {name}: no operation is in progress")
    call.world.table.write(state.request_termination(name))
    _wake(call, stored, "terminate")
    return Answer({})


def _sync_operation(call: Call, stored: Stored, body: dict[str, Any], revision: str) -> Operation:
    app = stored.application
    tracked = app.source.target_revision or "HEAD"
    if app.automated and not body.get("dryRun") and revision not in ("", tracked):
        raise Refused(
            f"cannot sync {app.name} to {revision}: automation is on and follows {tracked}",
            hint="change the target with driftless app set --revision, or switch automation off",
        )
    policy = app.spec.get("syncPolicy") or {}
    options = body.get("syncOptions")
    options = options.get("items") if isinstance(options, dict) else options
    wanted = {
        "revision": revision,
        "syncStrategy": body.get("strategy"),
        "resources": body.get("resources"),
        "syncOptions": policy.get("syncOptions") if options is None else options,
    }
    operation = _operation(call) | {"sync": {k: v for k, v in wanted.items() if v} | _flags(body)}
    argo.retry(body.get("retryStrategy"), "retryStrategy")
    if retry := body.get("retryStrategy") or policy.get("retry"):
        operation["retry"] = retry
    operation |= {"info": body["infos"]} if body.get("infos") else {}
    return operation | ({"confirmPrune": True} if body.get("confirmPrune") else {})


def _operation(call: Call) -> Operation:
    return {"id": str(uuid.uuid4()), "initiatedBy": {"username": call.identity.name}}


def _flags(body: dict[str, Any]) -> dict[str, bool]:
    return {key: True for key in ("prune", "dryRun") if body.get(key)}


def _entry(call: Call, stored: Stored, number: Any) -> Entry:
    name = stored.application.name
    if number is None:
        entries = history.read(call.world.table, name, limit=2)
        if len(entries) < 2:
            raise NotFound(f"application {name} has no deployment before the last one to go back to")
        return entries[0]
    text = str(number)
    if isinstance(number, bool) or not text.isdigit() or len(text) > 9:
        raise Refused(f"id must be the number of a deployment, not {text[:40]!r}", hint=f"driftless app history {name}")
    return history.find(call.world.table, name, int(text))


def _with_automation(call: Call, stored: Stored, *, enabled: bool) -> Stored:
    """Off is written as `enabled: false`, so that prune, selfHeal and the rest are there when it goes on again."""
    spec = stored.application.spec
    policy = dict(spec.get("syncPolicy") or {})
    automated = policy.get("automated")
    if automated is None or (automated.get("enabled") is not False) == enabled:
        return stored
    rest = {key: value for key, value in automated.items() if key != "enabled"}
    policy["automated"] = rest if enabled else rest | {"enabled": False}
    manifest = stored.application.manifest | {"spec": spec | {"syncPolicy": policy}}
    return register.create(manifest, call.world, upsert=True)[0]


def _refuse_if_busy(call: Call, stored: Stored) -> None:
    name = stored.application.name
    found = state.read(call.world.table, call.world.store(), name)
    if found.deleting:
        raise Conflict(f"application {name} is being deleted")
    if found.asked is not None or found.operation is not None:
        raise _busy(name)


def _busy(name: str) -> Conflict:
    return Conflict(
        f"another operation is already in progress for application {name}",
        hint=f"wait with driftless app wait {name} --operation, or end it with driftless app terminate-op {name}",
    )


def _ask(call: Call, stored: Stored, operation: Operation) -> None:
    try:
        call.world.table.write(state.ask(stored.application.name, operation))
    except ConditionFailed:
        raise _busy(stored.application.name) from None


def _look_up(call: Call, stored: Stored, message: dict[str, Any]) -> None:
    """Counted first, sent after, so that a fetch under way sees it either way."""
    call.world.table.write(repositories.request(stored.repository))
    call.world.fetch_queue().send({"repository": stored.repository} | message)


def _wake(call: Call, stored: Stored, cause: str) -> None:
    call.world.sync_queue().send({"application": stored.application.name, "cause": cause})


def _asked(call: Call, stored: Stored, operation: Operation) -> Answer:
    document = applications.whole(call, stored)
    return Answer(document | {"operation": operation})
