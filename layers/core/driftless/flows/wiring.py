"""What the flows stand on, made once per process: the table, the store, the queues, the clock.

Tests make a `World` of their own; functions take `world()`. Nothing here touches AWS before it is used.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from driftless.outlets import settings
from driftless.outlets.queue import Queue
from driftless.outlets.store import Store
from driftless.outlets.table import Table


@dataclass(frozen=True)
class World:
    """The outside, as a flow sees it. A queue is a function so that a door without one need not name it."""

    table: Table
    store: Callable[[], Store]
    fetch_queue: Callable[[], Queue]
    sync_queue: Callable[[], Queue]
    clock: Callable[[], float] = time.time

    def now_text(self) -> str:
        return as_text(self.clock())


def as_text(seconds: float) -> str:
    """Unix seconds as Kubernetes writes times: RFC 3339, UTC, whole seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@cache
def world() -> World:
    return World(
        table=Table(),
        store=cache(Store),
        fetch_queue=cache(lambda: Queue(settings.fetch_queue_url())),
        sync_queue=cache(lambda: Queue(settings.sync_queue_url())),
    )
