"""What sync decided to send is sent: the outbox, as the table's stream tells it, to the queues and the event bus.

In: stream records of OUTBOX items, in order. Out: the sequence numbers of those that must come again. A letter that
is sent twice does no harm. One that cannot be read is passed over: it would hold up the stream for a day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from driftless.flows.wiring import World
from driftless.outlets import log
from driftless.outlets.events import Bus
from driftless.record import outbox
from driftless.record.outbox import Letter
from driftless.vocabulary.errors import Unavailable


@dataclass(frozen=True, slots=True)
class _Addressed:
    sequence: str
    letter: Letter


def relay(records: Sequence[dict[str, Any]], world: World, bus: Callable[[], Bus]) -> list[str]:
    """Letters of one address go out together, in the order in which they were written."""
    by_address: dict[str, list[_Addressed]] = {}
    for record in records:
        found = _read(record)
        if found is not None:
            by_address.setdefault(found.letter.to, []).append(found)
    failed: list[str] = []
    for address, letters in by_address.items():
        try:
            _send(address, [found.letter for found in letters], world, bus)
        except Unavailable as error:
            log.logger().warning("letters wait", extra={"address": address, "count": len(letters), "why": str(error)})
            failed += [found.sequence for found in letters]
    return failed


def _read(record: dict[str, Any]) -> _Addressed | None:
    change = record.get("dynamodb") or {}
    sequence = change.get("SequenceNumber", "")
    try:
        letter = outbox.parse(change["NewImage"])
    except (KeyError, TypeError, ValueError) as error:
        log.logger().error("a letter cannot be read", extra={"sequence": sequence, "kind": type(error).__name__})
        return None
    known = letter.message.get("type") if letter.to == "events" else letter.to in ("sync", "fetch")
    if not known:
        log.logger().error("a letter has no known address", extra={"sequence": sequence, "to": letter.to})
        return None
    return _Addressed(sequence, letter)


def _send(address: str, letters: Sequence[Letter], world: World, bus: Callable[[], Bus]) -> None:
    if address == "events":
        bus().put([(str(letter.message["type"]), letter.message.get("detail") or {}) for letter in letters])
        return
    queue = world.sync_queue() if address == "sync" else world.fetch_queue()
    queue.send_all([(letter.message, letter.delay_seconds) for letter in letters])
