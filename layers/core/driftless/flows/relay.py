"""What sync decided to send is sent: letters of the outbox, as the table's stream brings them.

In: stream records of new OUTBOX items. Out: messages on queues, events on the bus; the sequence number that failed.
A letter may be sent twice (the stream repeats a batch that failed): every receiver is level-triggered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from driftless.record import outbox
from driftless.record.outbox import Letter

SOURCE = "driftless"
Send = Callable[[Letter], None]


def relay(records: Sequence[Mapping[str, Any]], sends: Mapping[str, Send]) -> tuple[list[str], Exception | None]:
    """`sends`: by a letter's `to`. The sequence number of the first record that could not be sent on, and why.

    A stream keeps its order: Lambda repeats everything from that record on.
    """
    for record in records:
        try:
            image = record["dynamodb"].get("NewImage")
            if image:
                letter = outbox.parse(image)
                sends[letter.to](letter)
        except Exception as trouble:
            return [str(record["dynamodb"]["SequenceNumber"])], trouble
    return [], None


def event(letter: Letter, bus: str) -> dict[str, str]:
    """The EventBridge entry of a letter to "events": detail-type and detail are the letter's."""
    return {
        "Source": SOURCE,
        "DetailType": str(letter.message["type"]),
        "Detail": json.dumps(letter.message["detail"]),
        "EventBusName": bus,
    }
