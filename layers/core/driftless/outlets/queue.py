"""SQS: JSON messages out, at most 15 minutes late on purpose. Receiving is Lambda's own event source."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from driftless.outlets import aws
from driftless.vocabulary.errors import Unavailable

MAX_DELAY_SECONDS = 900


class Queue:
    def __init__(self, url: str) -> None:
        self.url = url

    def send(self, message: Mapping[str, Any], *, delay_seconds: int = 0) -> None:
        self.send_all([(message, delay_seconds)])

    def send_all(self, messages: Sequence[tuple[Mapping[str, Any], int]]) -> None:
        """Send (message, delay in seconds) pairs, ten a request. Raises Unavailable when SQS refuses any of them."""
        for start in range(0, len(messages), 10):
            entries = [
                {"Id": str(i), "MessageBody": json.dumps(m), "DelaySeconds": max(0, min(d, MAX_DELAY_SECONDS))}
                for i, (m, d) in enumerate(messages[start : start + 10])
            ]
            self._send_batch(entries)

    def _send_batch(self, entries: list[dict[str, Any]]) -> None:
        try:
            answer = aws.client("sqs").send_message_batch(QueueUrl=self.url, Entries=entries)
        except Exception as error:
            raise aws.unavailable(error, "the SQS queue") or error from error
        if answer.get("Failed"):
            raise Unavailable(f"SQS refused {len(answer['Failed'])} of {len(entries)} messages")
