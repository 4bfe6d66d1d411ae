"""The OUTBOX items: what sync decided to send, saved in the same transaction as what it decided.

The relay reads them from the table's stream and sends them. They expire after a day by themselves.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from driftless.outlets import table
from driftless.outlets.table import Write

DAY_SECONDS = 86400


@dataclass(frozen=True, slots=True)
class Letter:
    """One thing to send. `to` is "sync", "fetch" or "events"; a delay is whole seconds, at most 900."""

    to: str
    message: dict[str, Any]
    delay_seconds: int = 0


def post(name: str, fence: int, number: int, letter: Letter, now: float) -> Write:
    """`fence` and `number` name the letter: a step that is repeated writes the same item, not a second one."""
    return table.put(
        {
            **table.key(f"OUTBOX#{name}", f"{fence:012d}-{number:04d}"),
            "to": letter.to,
            "message": json.dumps(letter.message),
            "delay": letter.delay_seconds,
            "expires": int(now) + DAY_SECONDS,
        }
    )


def parse(image: dict[str, Any]) -> Letter:
    """A letter from the stream's NewImage (DynamoDB's own JSON, only strings and numbers)."""
    return Letter(image["to"]["S"], json.loads(image["message"]["S"]), int(image["delay"]["N"]))
