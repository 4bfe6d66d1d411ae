"""The STATE item of an application: what was asked of it, what fetch resolved for it, and what sync last found.

Attributes have one writer each, so that nobody overwrites another: `target` is fetch's, `src` (the digest of the source
that it must be for) the register's, `asked` and `deleting` are the console's, `status` and `body` sync's (guarded by
the lease's fence); anyone may count up `requests`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from driftless.outlets import table
from driftless.outlets.table import ConditionFailed, Item, Table, Write
from driftless.record.documents import Blobs, pack, unpack
from driftless.vocabulary.errors import LeaseLost, NotFound
from driftless.vocabulary.objects import digest_of

PARTITION = "STATE"


@dataclass(frozen=True, slots=True)
class Target:
    """What Git wants, as fetch last resolved it. `error` is why it could not, with the last good artifact kept."""

    revision: str = ""
    artifact: str = ""
    """Digest of the artifact: the closed input of the render."""
    source: dict[str, Any] = field(default_factory=dict)
    """The source (as written) that this was resolved for: a changed spec makes it stale."""
    author: str = ""
    subject: str = ""
    date: str = ""
    error: str = ""
    stage: str = ""
    """The room that refused: revision or checkout."""
    at: float = 0.0
    """Unix seconds of the look-up."""


@dataclass(frozen=True, slots=True)
class Owned:
    """One row of the inventory: an object that we applied, or are about to (written before it is applied)."""

    version: str
    desired: str = ""
    """Digest of the desired object at the last clean comparison; "" = never compared clean."""
    fingerprint: str = ""
    """The live object's fingerprint at that comparison."""


@dataclass(frozen=True, slots=True)
class State:
    """One application's state as read in one request. `fence` and `requests` guard what is written back."""

    name: str
    fence: int = 0
    requests: int = 0
    target: Target | None = None
    asked: dict[str, Any] | None = None
    """An operation that a person asked for: Argo CD's `operation` with an `id` of ours; None when taken up."""
    deleting: dict[str, Any] | None = None
    """{"cascade": bool, "propagation": str, "at": iso}: a person or a parent asked for deletion."""
    terminate: bool = False
    status: dict[str, Any] = field(default_factory=dict)
    """Argo CD's `status` but `resources` and `history`."""
    resources: tuple[dict[str, Any], ...] = ()
    """Argo CD's `status.resources`."""
    inventory: dict[str, Owned] = field(default_factory=dict)
    """Object key (as `key_text`) -> row."""
    operation: dict[str, Any] | None = None
    """The operation under way (Argo CD's shape, with our `bundle`, `revision`, `digest`); None when idle."""
    memory: dict[str, Any] = field(default_factory=dict)
    """What sync remembers between visits: bundle, held, waits, retry times (see flows/sync)."""


def read(tables: Table, blobs: Blobs, name: str) -> State:
    """Raises NotFound when there is no such application."""
    item = tables.get(PARTITION, name)
    if item is None:
        raise NotFound(f"application {name} does not exist", hint="driftless app list shows those that do")
    return parse(item, blobs)


def read_all(tables: Table, blobs: Blobs) -> list[State]:
    """The one bulk read of `app list` and the poll: without resources and inventory."""
    only = "sk,fence,requests,target,asked,deleting,terminating,doc"
    return [parse(item, blobs) for item in tables.query(PARTITION, only=only)]


def read_everything(tables: Table, blobs: Blobs) -> list[State]:
    """The scan's bulk read: with inventories."""
    return [parse(item, blobs) for item in tables.query(PARTITION)]


def parse(item: Item, blobs: Blobs) -> State:
    document = unpack(item.get("doc"), blobs) or {}
    body = unpack(item.get("body"), blobs) or {}
    return State(
        name=item["sk"],
        fence=item.get("fence", 0),
        requests=item.get("requests", 0),
        target=Target(**json.loads(item["target"])) if item.get("target") else None,
        asked=json.loads(item["asked"]) if item.get("asked") else None,
        deleting=json.loads(item["deleting"]) if item.get("deleting") else None,
        terminate=bool(item.get("terminating")),
        status=document.get("status", {}),
        operation=document.get("operation"),
        memory=document.get("memory", {}),
        resources=tuple(body.get("resources", ())),
        inventory={k: Owned(**row) for k, row in body.get("inventory", {}).items()},
    )


def save(state: State, before: State, blobs: Blobs, *, release: bool) -> Write:
    """Sync's write: only what changed since `before`; refused when the lease is lost.

    With `release` the lease ends too, unless somebody asked for another look meanwhile (`requests` moved on).
    """
    sets, values = [], dict[str, Any](fence=state.fence)
    if (state.status, state.operation, state.memory) != (before.status, before.operation, before.memory):
        document = {"status": state.status, "operation": state.operation, "memory": state.memory}
        sets.append("doc = :doc")
        values["doc"] = pack(document, blobs)
    if (state.resources, state.inventory) != (before.resources, before.inventory):
        sets.append("body = :body")
        values["body"] = pack({"resources": state.resources, "inventory": _rows(state.inventory)}, blobs)
    removes = ["lease_until"] if release else []
    condition = "fence = :fence"
    if before.asked is not None and state.asked is None:
        removes.append("asked")
        condition += " AND asked = :asked"
        values["asked"] = json.dumps(before.asked)
    if before.terminate and not state.terminate:
        removes.append("terminating")
    if release:
        condition += " AND requests = :requests"
        values["requests"] = state.requests
    sets = sets or ["fence = :fence"]
    expression = "SET " + ", ".join(sets) + (" REMOVE " + ", ".join(removes) if removes else "")
    return table.update(table.key(PARTITION, state.name), expression, condition, **values)


def _rows(inventory: dict[str, Owned]) -> dict[str, dict[str, str]]:
    return {k: {"version": o.version, "desired": o.desired, "fingerprint": o.fingerprint} for k, o in inventory.items()}


def set_target(name: str, target: Target, looked_up: int) -> Write:
    """Fetch's write: the target, and the call for another look.

    Refused when a later look-up has written its own, and when the application has another source by now: look-ups of
    two repositories have no common order.
    """
    document = {f: getattr(target, f) for f in Target.__slots__}
    return table.update(
        table.key(PARTITION, name),
        "SET target = :target, target_seq = :seq ADD requests :one",
        "src = :src AND (attribute_not_exists(target_seq) OR target_seq <= :seq)",
        target=json.dumps(document),
        src=digest_of(target.source),
        seq=looked_up,
        one=1,
    )


def ask(name: str, operation: dict[str, Any]) -> Write:
    """The console's write: ask for an operation. Refused while another one that a person asked for waits."""
    return table.update(
        table.key(PARTITION, name),
        "SET asked = :asked ADD requests :one",
        "attribute_exists(pk) AND attribute_not_exists(asked) AND attribute_not_exists(deleting)",
        asked=json.dumps(operation),
        one=1,
    )


def begun(name: str, source: dict[str, Any], fence: int) -> Write:
    """The state of a new application: nothing is known yet, one look is asked for. Refused where there is one."""
    item = {**table.key(PARTITION, name), "requests": 1, "fence": fence, "src": digest_of(source)}
    return table.put(item, "attribute_not_exists(pk)")


def forget_target(name: str, source: dict[str, Any]) -> Write:
    """`source` is new: what fetch resolved for the old one is void, and so is the order of its look-ups."""
    return table.update(
        table.key(PARTITION, name),
        "SET src = :src REMOVE target, target_seq ADD requests :one",
        "attribute_exists(pk)",
        src=digest_of(source),
        one=1,
    )


def look_again(name: str) -> Write:
    """Count up `requests`: whoever holds the lease will look once more before it lets go."""
    return table.update(table.key(PARTITION, name), "ADD requests :one", "attribute_exists(pk)", one=1)


def request_deletion(name: str, deleting: dict[str, Any]) -> Write:
    return table.update(
        table.key(PARTITION, name),
        "SET deleting = :deleting REMOVE asked ADD requests :one",
        "attribute_exists(pk)",
        deleting=json.dumps(deleting),
        one=1,
    )


def request_termination(name: str) -> Write:
    return table.update(
        table.key(PARTITION, name), "SET terminating = :yes ADD requests :one", "attribute_exists(pk)", yes=True, one=1
    )


def acquire(tables: Table, blobs: Blobs, name: str, now: float, seconds: float) -> State | None:
    """Take the lease and read the state, in one request. None when another worker holds it; NotFound when it is gone.

    A holder that dies is taken over when its lease runs out; its fence then refuses whatever it still writes.
    """
    write = table.update(
        table.key(PARTITION, name),
        "SET lease_until = :until ADD fence :one",
        "attribute_exists(pk) AND (attribute_not_exists(lease_until) OR lease_until < :now)",
        until=int((now + seconds) * 1000),
        now=int(now * 1000),
        one=1,
    )
    try:
        item = tables.write(write, returning=True)
    except ConditionFailed as refused:
        if refused.item is None:
            raise NotFound(f"application {name} does not exist") from None
        return None
    return parse(item or {}, blobs)


def renew(tables: Table, state: State, now: float, seconds: float) -> None:
    """Keep the lease. Raises LeaseLost when it went to another worker, or was let go: a late renewal takes none."""
    write = table.update(
        table.key(PARTITION, state.name),
        "SET lease_until = :until",
        "fence = :fence AND attribute_exists(lease_until)",
        until=int((now + seconds) * 1000),
        fence=state.fence,
    )
    try:
        tables.write(write)
    except ConditionFailed:
        raise LeaseLost(f"the lease of application {state.name} went to another worker") from None


def refreshed(state: State, tables: Table, blobs: Blobs) -> State:
    """The state as others left it meanwhile, under the same lease. Raises LeaseLost when the lease is gone."""
    now = read(tables, blobs, state.name)
    if now.fence != state.fence:
        raise LeaseLost(f"the lease of application {state.name} went to another worker")
    return replace(now, fence=state.fence)
