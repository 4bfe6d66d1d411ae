"""The lease of one application while a visit lasts: taken once, kept alive, every write fenced by it, then let go.

A renewing thread keeps it alive through long renders and applies; a worker that was taken over meanwhile finds out
at its next write, which is refused (LeaseLost).
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event, Thread
from types import TracebackType

from driftless.flows.wiring import World
from driftless.outlets.table import ConditionFailed, Write
from driftless.record import outbox
from driftless.record import state as states
from driftless.record.outbox import Letter
from driftless.record.state import State
from driftless.vocabulary.errors import DriftlessError, LeaseLost


class StateMoved(DriftlessError):
    """The lease holds, but somebody asked for something else: begin the visit anew with what is there now."""


class Lease:
    """`state` is the application's state as last read or written under this lease."""

    SECONDS = 30
    """How long a dead worker holds up an application."""

    def __init__(self, state: State, world: World) -> None:
        self.state = state
        self._world = world
        self._over = Event()
        self._keeper: Thread | None = None
        self._letters = 0

    @classmethod
    def take(cls, name: str, world: World) -> Lease | None:
        """None when another worker holds it. Raises NotFound when the application is gone."""
        state = states.acquire(world.table, world.store(), name, world.clock(), cls.SECONDS)
        return cls(state, world) if state is not None else None

    def __enter__(self) -> Lease:
        self._keeper = Thread(target=self._keep, daemon=True)
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._keeper is not None:
            self._keeper.join()
        if error is not None and not isinstance(error, LeaseLost):
            self._drop()

    def save(self, state: State, *also: Write, letters: tuple[Letter, ...] = ()) -> None:
        """Write the state, `also` and the letters, in one transaction; nothing is written when the lease is lost."""
        self._save(state, [*also, *map(self._post, letters)])

    def _save(self, state: State, also: Sequence[Write]) -> None:
        write = states.save(state, self.state, self._world.store(), release=False)
        try:
            self._world.table.write(write, *also)
        except ConditionFailed:
            self.state = states.refreshed(state, self._world.table, self._world.store())
            raise StateMoved(f"application {state.name} was asked for something else while a step ran") from None
        self.state = state

    def let_go(self, state: State, letters: tuple[Letter, ...], writes: tuple[Write, ...] = ()) -> bool:
        """Save, send (outbox) and release, in one transaction. False when somebody asked for another look meanwhile."""
        write = states.save(state, self.state, self._world.store(), release=True)
        also = [*writes, *map(self._post, letters)]
        try:
            self._world.table.write(write, *also)
        except ConditionFailed:
            self._save(state, also)
            self.state = states.refreshed(state, self._world.table, self._world.store())
            return False
        self._over.set()
        return True

    def _post(self, letter: Letter) -> Write:
        self._letters += 1
        return outbox.post(self.state.name, self.state.fence, self._letters, letter, self._world.clock())

    def _keep(self) -> None:
        while not self._over.wait(self.SECONDS / 3):
            try:
                states.renew(self._world.table, self.state, self._world.clock(), self.SECONDS)
            except LeaseLost:
                return
            except DriftlessError:
                continue

    def _drop(self) -> None:
        """A visit that failed lets go at once, so that its message, when it comes again, does not find it busy."""
        try:
            states.renew(self._world.table, self.state, 0.0, 0.0)
        except DriftlessError:
            return
