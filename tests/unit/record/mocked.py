"""AWS in this process (moto), with a table, a bucket and queues of each test's own, and a world over them.

moto and its clients cost more than any test here: one module of tests shares them.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from driftless.flows.wiring import World
from driftless.outlets import aws
from driftless.outlets.queue import Queue
from driftless.outlets.store import Store
from driftless.outlets.table import Table

NOW = 1_795_000_000.0
_NUMBERS = itertools.count()


@dataclass
class Clock:
    """Stands still unless it is moved."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Mocked:
    """`table`, `store` and `world` work on the same mocked AWS; `sent(queue)` takes what was sent to a queue."""

    folder: Path
    name: str = field(default_factory=lambda: f"driftless-{next(_NUMBERS)}")
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        create_table(self.name)
        self.table = Table(self.name)
        self.world = World(
            self.table,
            store=lambda: self.store,
            fetch_queue=lambda: self._queues["fetch"],
            sync_queue=lambda: self._queues["sync"],
            clock=self.clock,
        )

    @cached_property
    def store(self) -> Store:
        aws.client("s3").create_bucket(Bucket=self.name)
        return Store(self.name, self.folder)

    @cached_property
    def _queues(self) -> dict[str, Queue]:
        made = {n: aws.client("sqs").create_queue(QueueName=f"{self.name}-{n}") for n in ("fetch", "sync")}
        return {name: Queue(answer["QueueUrl"]) for name, answer in made.items()}

    def sent(self, queue: str) -> list[dict[str, Any]]:
        sqs, url, found = aws.client("sqs"), self._queues[queue].url, []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"]) for message in messages]
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def item(self, pk: str, sk: str) -> dict[str, Any]:
        found = self.table.get(pk, sk)
        assert found is not None
        return found

    def letters(self) -> list[dict[str, Any]]:
        """Every OUTBOX item, as the table's stream shows it."""
        found = aws.client("dynamodb").scan(TableName=self.name)["Items"]
        return [dict(item) for item in found if item["pk"]["S"].startswith("OUTBOX#")]


def create_table(name: str) -> None:
    """A table with the keys that template.yaml gives ours."""
    attributes = ("pk", "HASH"), ("sk", "RANGE")
    aws.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in attributes],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in attributes],
    )


@contextmanager
def mocked_aws() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        aws.client.cache_clear()
        yield
        aws.client.cache_clear()
