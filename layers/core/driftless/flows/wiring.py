"""What the flows stand on, made once per process: the table, the store, the queues, the clock.

Tests make a `World` of their own; functions take `world()`. Nothing here touches AWS before it is used.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from driftless.outlets import secrets, settings
from driftless.outlets.queue import Queue
from driftless.outlets.store import Store
from driftless.outlets.table import Table
from driftless.record import applications, deliveries, repositories


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


def warm() -> None:
    """At init, where Lambda lends a whole core: what the first event would otherwise wait for (AWS clients, 0.2 s)."""
    if settings.in_lambda():
        world()


class WebhookOutlets:
    """What the webhook flow needs of the world (flows/webhook.Outlets)."""

    def __init__(self, world: World) -> None:
        self._world = world

    def seen(self, delivery: str) -> bool:
        return deliveries.seen(self._world.table, delivery, self._world.clock())

    def remember(self, delivery: str) -> None:
        deliveries.remember(self._world.table, delivery, self._world.clock())

    def interests(self, canonical: str) -> Sequence[applications.Interest]:
        return applications.interests(self._world.table, canonical)

    def request_fetch(self, canonical: str, delivery: str) -> None:
        """Counted, and sent unless a fetch is at it: that one sees the count before it lets go."""
        if repositories.ask(self._world.table, canonical, self._world.clock()):
            return
        self._world.fetch_queue().send({"repository": canonical, "cause": "webhook", "delivery": delivery})


def webhook_outlets() -> WebhookOutlets:
    return WebhookOutlets(world())


def webhook_secrets() -> Mapping[str, Sequence[str]]:
    """Provider -> valid secrets, from Secrets Manager; one secret may be written as plain text."""
    document = secrets.read(settings.get("WEBHOOK_SECRET"))
    if isinstance(document, str):
        return {"default": [document]}
    return {name: [value] if isinstance(value, str) else list(value) for name, value in document.items()}
