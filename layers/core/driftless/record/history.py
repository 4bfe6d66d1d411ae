"""The HISTORY items: one per deployed bundle, so that a rollback finds the exact bytes again.

Entries are Argo CD's (id, revision, source, deployStartedAt, deployedAt, initiatedBy) with our `bundle` beside.
"""

from __future__ import annotations

import json
from typing import Any

from driftless.outlets import table
from driftless.outlets.table import Table, Write
from driftless.vocabulary.errors import NotFound

Entry = dict[str, Any]


def read(tables: Table, name: str, limit: int = 0) -> list[Entry]:
    """Oldest first, the newest `limit` of them (0 = all)."""
    items = tables.query(f"HISTORY#{name}", newest_first=True, limit=limit)
    return [json.loads(item["entry"]) for item in reversed(items)]


def find(tables: Table, name: str, number: int) -> Entry:
    item = tables.get(f"HISTORY#{name}", _sort_key(number))
    if item is None:
        known = ", ".join(str(e["id"]) for e in read(tables, name)) or "none"
        raise NotFound(f"application {name} has no deployment with id {number}", hint=f"known ids: {known}")
    entry: Entry = json.loads(item["entry"])
    return entry


def append(name: str, entry: Entry, limit: int) -> list[Write]:
    """Add the entry (its id never used before, else refused) and drop the one that leaves the limit."""
    writes = []
    if limit > 0:
        item = {**table.key(f"HISTORY#{name}", _sort_key(entry["id"])), "entry": json.dumps(entry)}
        writes.append(table.put(item, "attribute_not_exists(pk)"))
    leaving = entry["id"] - limit
    if leaving >= 0 and limit > 0:
        writes.append(table.delete(table.key(f"HISTORY#{name}", _sort_key(leaving))))
    return writes


def forget(tables: Table, name: str) -> None:
    for item in tables.query(f"HISTORY#{name}", only="pk,sk"):
        tables.write(table.delete(table.key(item["pk"], item["sk"])))


def _sort_key(number: int) -> str:
    return f"{number:010d}"
