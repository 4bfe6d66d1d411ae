"""Watching an application while something happens to it: a line whenever a resource's state changes.

In: the client, a name, what to wait for. Out: the application as it stood when that came true, or a Stop. The API has
no stream (a Lambda that holds a connection open is paid for waiting), so we ask again: often at first, then each
second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from driftless.cli import application as reading
from driftless.cli.application import RESOURCE_COLUMNS, Document, ResourceRow
from driftless.cli.client import Client
from driftless.cli.exits import NOT_REACHED, Stop
from driftless.cli.output import line, say

FIRST_PAUSE, LAST_PAUSE = 0.15, 1.0
TIME_WIDTH = 25


class Rows:
    """Prints TIMESTAMP GROUP KIND … for every row that is new or differs from when it was last printed."""

    def __init__(self, wanted: Callable[[ResourceRow], bool] = lambda row: True) -> None:
        self._wanted = wanted
        self._last: dict[tuple[object, ...], ResourceRow] = {}
        self._widths = [TIME_WIDTH, *map(len, RESOURCE_COLUMNS)]
        self._begun = False

    def show(self, found: Document) -> None:
        rows = [row for row in reading.resource_rows(found) if self._wanted(row)]
        changed = [row for row in rows if self._last.get((row.key, row.hook)) != row]
        for row in rows:
            self._widths = [max(w, len(c)) for w, c in zip(self._widths, ("", *row.cells), strict=True)]
        if changed and not self._begun:
            say(line(("TIMESTAMP", *RESOURCE_COLUMNS), self._widths))
            self._begun = True
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        for row in changed:
            self._last[row.key, row.hook] = row
            say(line((now, *row.cells), self._widths))


def looks(client: Client, name: str, seconds: float) -> Iterator[Document]:
    """The application, again and again, until `seconds` are over (0 = for ever)."""
    until = time.monotonic() + seconds if seconds else float("inf")
    pause = FIRST_PAUSE
    while True:
        found: Document = client.get("applications", name)
        yield found
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(pause, left))
        pause = min(pause * 1.3, LAST_PAUSE)


def operation(client: Client, asked: Document, seconds: float, *, quiet: bool = False) -> Document:
    """Wait for the end of the operation that `asked` carries. Raises Stop on time-out, or when another replaced it."""
    name, wanted = asked["metadata"]["name"], asked["operation"]["id"]
    before = reading.operation_state(asked).get("startedAt")
    rows = Rows()
    for found in looks(client, name, seconds):
        last = reading.operation_state(found)
        mine = (last.get("operation") or {}).get("id") == wanted
        if mine and not quiet:
            rows.show(found)
        if mine and last.get("phase") in reading.ENDED:
            return found
        if not mine and _replaced(found, wanted, before):
            raise Stop(f"another operation took the place of this one; driftless app get {name} shows it", NOT_REACHED)
    raise Stop(f"timed out ({seconds:g} s) waiting for the operation of application {name}; it goes on", NOT_REACHED)


def _replaced(found: Document, wanted: str, before: Any) -> bool:
    """Something else was asked for, or has begun since, and nothing waits any more under our id."""
    waiting = found.get("operation") or {}
    begun = reading.operation_state(found).get("startedAt")
    return waiting.get("id") != wanted and bool(begun) and begun != before
