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
    name, rows, mine = asked["metadata"]["name"], Rows(), _Operation(asked)
    for found in looks(client, name, seconds):
        waits = mine.waits(found)
        if reading.operation_state(found).get("phase") == "Running" and not quiet:
            rows.show(found)
        if waits or not mine.followed(found):
            continue
        if mine.replaced(found):
            raise Stop(f"another operation took the place of this one; see driftless app get {name}", NOT_REACHED)
        if not quiet:
            rows.show(found)
        return found
    raise Stop(f"timed out ({seconds:g} s) waiting for the operation of application {name}; it goes on", NOT_REACHED)


class _Operation:
    """One operation, told from those before and after it by its id."""

    def __init__(self, asked: Document) -> None:
        self._id = asked["operation"]["id"]
        self._before = reading.operation_state(asked).get("startedAt")
        self._seen = False

    def waits(self, found: Document) -> bool:
        """It is asked for, or under way."""
        waits = bool((found.get("operation") or {}).get("id") == self._id)
        self._seen = self._seen or waits
        return waits

    def followed(self, found: Document) -> bool:
        """Something ended that can be ours; before fetch has looked a revision up, there is only what was."""
        last = reading.operation_state(found)
        begun = self._seen or self._told(last) == self._id or last.get("startedAt") != self._before
        return begun and last.get("phase") in reading.ENDED

    def replaced(self, found: Document) -> bool:
        return self._told(reading.operation_state(found)) not in (self._id, "")

    def _told(self, last: dict[str, Any]) -> str:
        return str((last.get("operation") or {}).get("id") or "")
