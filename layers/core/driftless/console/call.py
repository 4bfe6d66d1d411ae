"""What one resource is handed: the request, who asks, and the outside that it may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from driftless.console import permission
from driftless.console.identity import Identity
from driftless.console.request import Request
from driftless.flows.wiring import World

Live = Callable[[dict[str, Any]], dict[str, Any]]
"""One synchronous call of the sync function: an `action` document in, its result document out."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    world: World
    token: Callable[[], str]
    """The administrator's token, read when it is needed."""
    live: Live


@dataclass(frozen=True, slots=True)
class Call:
    request: Request
    identity: Identity
    around: Surroundings
    path: Mapping[str, str]
    """The named parts of the route's path, percent-decoded."""

    @property
    def world(self) -> World:
        return self.around.world

    def demand(self, resource: str, action: str, subject: str) -> None:
        permission.demand(self.identity, resource, action, subject)
