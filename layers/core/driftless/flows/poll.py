"""The safety net, every three minutes: a look-up per repository, a scan per cluster, a nudge for what was left lying.

In: the time. Out: how much was asked for. It reads the applications, their states and the clusters in one bulk read
each, whatever their number; unchanged repositories cost one ref look-up and nothing else.
"""

from __future__ import annotations

import hashlib
from typing import Any

from driftless.flows.wiring import World
from driftless.record import applications, clusters, repositories, state
from driftless.record.state import State

JITTER_FROM = 10
"""Up to this many repositories are looked up at once; more are spread, so that no Git host sees a burst."""
JITTER_SECONDS = 20


def poll(world: World) -> dict[str, Any]:
    urls = sorted({stored.repository for stored in applications.read_all(world.table)})
    for url in urls:
        world.table.write(repositories.request(url))
    world.fetch_queue().send_all([({"repository": url, "cause": "poll"}, _delay(url, len(urls))) for url in urls])
    servers = [cluster.server for cluster in clusters.read_all(world.table)]
    left = [found.name for found in state.read_all(world.table, world.store()) if _left_lying(found)]
    messages: list[dict[str, Any]] = [{"scan": server, "cause": "poll"} for server in servers]
    messages += [{"application": name, "cause": "poll"} for name in left]
    world.sync_queue().send_all([(message, 0) for message in messages])
    return {"repositories": len(urls), "clusters": len(servers), "left": left}


def _left_lying(found: State) -> bool:
    """Work that a lost message would leave: the visit is cheap when another message is on its way after all."""
    never_seen = found.target is not None and not found.status
    return bool(found.operation or found.asked or found.deleting or found.terminate) or never_seen


def _delay(url: str, repositories_in_all: int) -> int:
    """Seconds; the same for a repository each time, so that its polls stay three minutes apart."""
    if repositories_in_all <= JITTER_FROM:
        return 0
    return int.from_bytes(hashlib.sha256(url.encode()).digest()[:2]) % JITTER_SECONDS
