"""The DELIVERY items: webhook deliveries already enqueued, for a day, so that a redelivery is not a second push."""

from __future__ import annotations

from driftless.outlets import table
from driftless.outlets.table import Table

DAY_SECONDS = 86400


def seen(tables: Table, delivery: str, now: float) -> bool:
    """DynamoDB deletes expired items late, so the expiry is read too."""
    item = tables.get(f"DELIVERY#{delivery}", "-")
    return item is not None and item["expires"] > now


def remember(tables: Table, delivery: str, now: float) -> None:
    tables.write(table.put({**table.key(f"DELIVERY#{delivery}", "-"), "expires": int(now) + DAY_SECONDS}))
