"""A mocked AWS with Driftless' table and bucket, queues that remember, and a fuse that breaks the flow at any write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from moto import mock_aws

from driftless import interest
from driftless.flows.wiring import World
from driftless.outlets import aws
from driftless.outlets.queue import Queue
from driftless.outlets.store import Store
from driftless.outlets.table import Item, Table, Write
from driftless.record import applications, repositories, state
from driftless.record.applications import Interest
from driftless.record.state import State
from driftless.vocabulary import argo

NOW = 1_795_000_000.0


class Killed(BaseException):
    """What no handler of ours catches, as nothing survives a killed process."""


@dataclass
class Fuse:
    """Counts the touches of the world; burns through before touch number `at`."""

    at: int = 0
    touches: int = 0

    def touch(self) -> None:
        self.touches += 1
        if self.touches == self.at:
            raise Killed


class FusedTable(Table):
    def __init__(self, name: str, fuse: Fuse) -> None:
        super().__init__(name)
        self.fuse = fuse

    def write(self, *writes: Write, returning: bool = False) -> Item | None:
        self.fuse.touch()
        return super().write(*writes, returning=returning)


class FusedStore(Store):
    fuse: Fuse

    def put(self, prefix: str, digest: str, data: bytes) -> None:
        self.fuse.touch()
        super().put(prefix, digest, data)


class Remembering(Queue):
    def __init__(self, fuse: Fuse) -> None:
        super().__init__("")
        self.fuse = fuse
        self.items: list[tuple[dict[str, Any], int]] = []

    def _send_batch(self, entries: list[dict[str, Any]]) -> None:
        import json

        self.fuse.touch()
        self.items += [(json.loads(e["MessageBody"]), e["DelaySeconds"]) for e in entries]

    def take(self) -> list[dict[str, Any]]:
        """Messages since the last look."""
        taken, self.items = [message for message, _ in self.items], []
        return taken


@dataclass
class Cloud:
    """`world` is what flows take; `now` moves its clock."""

    world: World
    fetch_queue: Remembering
    sync_queue: Remembering
    fuse: Fuse
    now: float = NOW
    told: list[str] = field(default_factory=list)

    def woken(self) -> list[str]:
        """Applications that sync was called for since the last look, each once."""
        return sorted({message["application"] for message in self.sync_queue.take()})

    def register(self, name: str, url: str, path: str, target: str = "main", **source: Any) -> None:
        spec = {
            "source": {"repoURL": url, "path": path, "targetRevision": target, **source},
            "destination": {"server": argo.IN_CLUSTER, "namespace": "default"},
        }
        metadata = {"name": name}
        app = argo.application(
            {"apiVersion": argo.API_VERSION, "kind": "Application", "metadata": metadata, "spec": spec}
        )
        writes, _ = applications.create(app, interest.canonical(url), self.world.now_text())
        self.world.table.write(*writes)

    def state(self, name: str) -> State:
        return state.read(self.world.table, self.world.store(), name)

    def interest(self, name: str, repository: str) -> Interest:
        return next(i for i in applications.interests(self.world.table, repository) if i.application == name)

    def ask(self, repository: str) -> None:
        self.world.table.write(repositories.request(repository))


@contextmanager
def cloud(folder: Path) -> Iterator[Cloud]:
    with mock_aws():
        aws.client.cache_clear()
        boto3.client("dynamodb").create_table(
            TableName="driftless",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        boto3.client("s3").create_bucket(Bucket="driftless")
        fuse = Fuse()
        made: Cloud
        store = FusedStore("driftless", folder / "store")
        store.fuse = fuse
        fetch_queue, sync_queue = Remembering(fuse), Remembering(fuse)
        world = World(
            table=FusedTable("driftless", fuse),
            store=lambda: store,
            fetch_queue=cache(lambda: fetch_queue),
            sync_queue=cache(lambda: sync_queue),
            clock=lambda: made.now,
        )
        made = Cloud(world, fetch_queue, sync_queue, fuse)
        yield made
    aws.client.cache_clear()
