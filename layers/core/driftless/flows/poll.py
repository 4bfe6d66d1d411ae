"""The safety net behind webhook and drift: ask for what must be looked at, and do nothing oneself.

In: nothing but the table. Out: one request per repository, one scan per cluster, one message per application whose
operation, deletion or request may have lost its worker. Two bulk reads, whatever the number of applications.
"""

from __future__ import annotations

import hashlib
from typing import Any

from driftless.flows.wiring import World
from driftless.record import applications, clusters, repositories, state
from driftless.record.state import State

QUIET_REPOSITORIES = 10
SPREAD_SECONDS = 20
"""With more repositories than that, their look-ups are spread, each at a moment of its own: no burst on a Git host."""

_Delayed = tuple[dict[str, Any], int]


def poll(world: World) -> dict[str, int]:
    """How many repositories, clusters and applications were asked for. Sent twice, a message does no harm."""
    asked = _repositories(world)
    scans: list[_Delayed] = [({"scan": c.server, "cause": "poll"}, 0) for c in clusters.read_all(world.table)]
    swept: list[_Delayed] = [({"application": name, "cause": "poll"}, 0) for name in _parked(world)]
    if scans or swept:
        world.sync_queue().send_all([*scans, *swept])
    return {"repositories": asked, "clusters": len(scans), "applications": len(swept)}


def _repositories(world: World) -> int:
    """Counted first, sent after: a fetch under way sees the request either way."""
    rows = world.table.query(applications.PARTITION, only="repository")
    urls = sorted({row["repository"] for row in rows})
    for url in urls:
        world.table.write(repositories.request(url))
    spread = len(urls) > QUIET_REPOSITORIES
    messages = [({"repository": url, "cause": "poll"}, _moment(url) if spread else 0) for url in urls]
    if messages:
        world.fetch_queue().send_all(messages)
    return len(urls)


def _moment(url: str) -> int:
    """Seconds, the same for the same repository at each poll."""
    return int(hashlib.sha256(url.encode()).hexdigest()[:8], 16) % (SPREAD_SECONDS + 1)


def _parked(world: World) -> list[str]:
    """Whoever waits for a worker: it may have died, or its message may have been lost."""
    return [found.name for found in state.read_all(world.table, world.store()) if _waits(found)]


def _waits(found: State) -> bool:
    never_visited = found.target is not None and not found.status
    return bool(found.operation or found.asked or found.deleting or found.terminate) or never_visited
