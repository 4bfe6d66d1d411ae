"""The EventBridge bus: what happened, for whoever listens. Source "driftless", the detail type says what it was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from driftless.outlets import aws
from driftless.vocabulary.errors import Unavailable

SOURCE = "driftless"
MAX_DETAIL_BYTES = 200_000
"""EventBridge takes 256 KB per request; a request here carries ten events at most."""


class Bus:
    def __init__(self, name: str) -> None:
        self.name = name

    def put(self, events: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Send (detail type, detail) pairs in order. Raises Unavailable when EventBridge refuses any of them."""
        batch: list[dict[str, str]] = []
        size = 0
        for kind, detail in events:
            text = json.dumps(detail)
            if len(batch) == 10 or (batch and size + len(text) > MAX_DETAIL_BYTES):
                self._put(batch)
                batch, size = [], 0
            batch.append({"EventBusName": self.name, "Source": SOURCE, "DetailType": kind, "Detail": text})
            size += len(text)
        if batch:
            self._put(batch)

    def _put(self, entries: list[dict[str, str]]) -> None:
        try:
            answer = aws.client("events").put_events(Entries=entries)
        except Exception as error:
            raise aws.unavailable(error, "the EventBridge bus") or error from error
        if answer.get("FailedEntryCount"):
            raise Unavailable(f"EventBridge refused {answer['FailedEntryCount']} of {len(entries)} events")
