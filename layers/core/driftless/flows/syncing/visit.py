"""What one visit to an application works with, what it sees, and what it leaves: the words of the corridor's files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from driftless.flows.syncing.comparison import Comparison
from driftless.flows.syncing.desired import Desired
from driftless.flows.syncing.lease import Lease
from driftless.flows.wiring import World
from driftless.outlets.cluster import Cluster
from driftless.outlets.table import Write
from driftless.record.applications import Stored
from driftless.record.outbox import Letter
from driftless.record.state import State
from driftless.vocabulary.argo import Application
from driftless.vocabulary.errors import SourceError


@dataclass(frozen=True, slots=True)
class Visit:
    """What one visit works with."""

    stored: Stored
    lease: Lease
    world: World
    sleep: Callable[[float], None]

    @property
    def app(self) -> Application:
        return self.stored.application

    @property
    def now(self) -> float:
        return self.world.clock()


@dataclass(frozen=True, slots=True)
class Seen:
    """What is wanted, and how it compares with what is there."""

    cluster: Cluster
    wanted: Desired
    found: Comparison


@dataclass(frozen=True, slots=True)
class Blind:
    """Git's content cannot become objects: what is wanted is not known, but a bundle of before can still be applied."""

    cluster: Cluster
    trouble: SourceError


Sight = Seen | Blind


@dataclass(frozen=True, slots=True)
class After:
    """What a visit leaves: written and sent in one transaction. `again`: there is more to do at once."""

    state: State
    letters: tuple[Letter, ...] = ()
    writes: tuple[Write, ...] = field(default=(), repr=False)
    again: bool = False
