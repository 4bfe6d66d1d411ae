"""The REPOSITORY items: who asked for a look-up, who is doing it, and what the last one saw.

Requests are counted, not queued: a thousand pushes while one fetch runs cost one more fetch, not a thousand.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from driftless.outlets import table
from driftless.outlets.table import ConditionFailed, Table, Write
from driftless.vocabulary.errors import LeaseLost


@dataclass(frozen=True, slots=True)
class Repository:
    """`url` is canonical. `requested` counts asked look-ups, `served` those answered; `fence` orders them."""

    url: str
    requested: int = 0
    served: int = 0
    fence: int = 0
    refs: dict[str, str] = field(default_factory=dict)
    """targetRevision -> commit, as the last look-up resolved them."""
    error: str = ""
    failing_since: float = 0.0


def request(url: str) -> Write:
    return table.update(table.key("REPOSITORY", url), "ADD requested :one", one=1)


def ask(tables: Table, url: str, now: float) -> bool:
    """Count a request. True when a fetch is at it: it sees the count before it lets go, and needs no message.

    If that fetch dies, its own message comes again, and the poll stands behind it.
    """
    item = tables.write(request(url), returning=True) or {}
    return bool(item.get("lease_until", 0) > now * 1000)


def acquire(tables: Table, url: str, now: float, seconds: float) -> Repository | None:
    """Take the repository's lease; None when another fetch holds it (it will see our request before it lets go)."""
    write = table.update(
        table.key("REPOSITORY", url),
        "SET lease_until = :until ADD fence :one, requested :zero",
        "attribute_not_exists(lease_until) OR lease_until < :now",
        until=int((now + seconds) * 1000),
        now=int(now * 1000),
        one=1,
        zero=0,  # a look-up that nobody counted (the poll's) must find a number to compare when it lets go
    )
    try:
        item = tables.write(write, returning=True) or {}
    except ConditionFailed:
        return None
    return _parse(item)


def _parse(item: table.Item) -> Repository:
    return Repository(
        url=item["sk"],
        requested=item.get("requested", 0),
        served=item.get("served", 0),
        fence=item.get("fence", 0),
        refs=json.loads(item.get("refs", "{}")),
        error=item.get("failure", ""),
        failing_since=item.get("failing_since", 0) / 1000,
    )


def read(tables: Table, url: str) -> Repository:
    item = tables.get("REPOSITORY", url)
    return _parse(item) if item else Repository(url)


def read_all(tables: Table) -> list[Repository]:
    return [_parse(item) for item in tables.query("REPOSITORY")]


def release(tables: Table, before: Repository, after: Repository) -> bool:
    """Save what the look-up saw and let go. False when somebody asked again meanwhile: look once more.

    Raises LeaseLost when another fetch has taken over.
    """
    return _saved(tables, before, after, "fence = :fence AND requested = :seen")


def let_go(tables: Table, before: Repository, after: Repository) -> None:
    """The same, whoever has asked meanwhile: those requests stay counted for the next fetch. Raises LeaseLost."""
    _saved(tables, before, after, "fence = :fence")


def _saved(tables: Table, before: Repository, after: Repository, condition: str) -> bool:
    values = {
        "fence": before.fence,
        "seen": before.requested,
        "refs": json.dumps(after.refs),
        "failure": after.error,
        "since": int(after.failing_since * 1000),
    }
    sets = "SET served = :seen, refs = :refs, failure = :failure, failing_since = :since"
    at = table.key("REPOSITORY", before.url)
    try:
        tables.write(table.update(at, f"{sets} REMOVE lease_until", condition, **values))
    except ConditionFailed as refused:
        if (refused.item or {}).get("fence") != before.fence:
            raise LeaseLost(f"the lease of repository {before.url} went to another worker") from None
        return False
    return True


def reread(tables: Table, held: Repository, now: float, seconds: float) -> Repository:
    """The repository under the same lease, renewed, with the requests that came meanwhile."""
    write = table.update(
        table.key("REPOSITORY", held.url),
        "SET lease_until = :until",
        "fence = :fence",
        until=int((now + seconds) * 1000),
        fence=held.fence,
    )
    try:
        return _parse(tables.write(write, returning=True) or {})
    except ConditionFailed:
        raise LeaseLost(f"the lease of repository {held.url} went to another worker") from None
