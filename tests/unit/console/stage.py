"""The real console over a mocked AWS, with a sync function that answers from a dict, for its tests and the CLI's."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3

from driftless.console import router
from driftless.console.call import Surroundings
from driftless.console.request import Answer
from driftless.flows.wiring import World
from driftless.outlets.queue import Queue
from driftless.outlets.store import Store
from driftless.outlets.table import Table
from driftless.record import history, state
from driftless.vocabulary.errors import DriftlessError

TOKEN = "the-administrators-token"
NOW = 1_795_000_000.0


@dataclass
class Console:
    """`call` is one request with the administrator's token; `sent` what went to a queue since the last look."""

    around: Surroundings
    queues: dict[str, str]
    live: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    steps: list[Callable[[], None]] = field(default_factory=list)
    """What happens before each of the next readings of one application: the story that a client watches."""

    @property
    def world(self) -> World:
        return self.around.world

    def answer(self, event: dict[str, Any]) -> Answer:
        single = event["rawPath"].count("/") == 4 and "refresh" not in event["rawQueryString"]
        if self.steps and single and event["requestContext"]["http"]["method"] == "GET":
            self.steps.pop(0)()
        try:
            return router.answer(event, self.around)
        except DriftlessError as refusal:
            return router.refusal(refusal)

    def call(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        return self.answer(event(method, path, body, query, {"authorization": f"Bearer {TOKEN}"}))

    def sent(self, queue: str) -> list[dict[str, Any]]:
        found = []
        sqs = boto3.client("sqs")
        while messages := sqs.receive_message(QueueUrl=self.queues[queue], MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"]) for message in messages]
            for message in messages:
                sqs.delete_message(QueueUrl=self.queues[queue], ReceiptHandle=message["ReceiptHandle"])
        return found


def event(
    method: str, path: str, body: Any = None, query: dict[str, str] | None = None, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """An HTTP API event, payload 2.0."""
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "headers": {"content-type": "application/json", "host": "console.example"} | (headers or {}),
        "requestContext": {"http": {"method": method, "path": path}},
        "body": body if isinstance(body, str) else "" if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def make(folder: Path) -> Console:
    boto3.client("dynamodb").create_table(
        TableName="driftless",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    boto3.client("s3").create_bucket(Bucket="driftless")
    sqs = boto3.client("sqs")
    queues = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("fetch", "sync")}
    world = World(
        table=Table("driftless"),
        store=cache(lambda: Store("driftless", folder / "store")),
        fetch_queue=cache(lambda: Queue(queues["fetch"])),
        sync_queue=cache(lambda: Queue(queues["sync"])),
        clock=lambda: NOW,
    )
    made = Console(Surroundings(world, lambda: TOKEN, live=lambda _: {}), queues)

    def live(document: dict[str, Any]) -> dict[str, Any]:
        made.asked.append(document)
        return made.live[document["action"]]

    made.around = Surroundings(world, lambda: TOKEN, live)
    return made


def payments(name: str = "payments", **spec: Any) -> dict[str, Any]:
    """The lesson's application, as its manifest stands."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {
            "project": "default",
            "source": {
                "repoURL": "https://github.com/acme-corp/gitops-manifests.git",
                "targetRevision": "main",
                "path": "apps/payments/overlays/production",
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "payments"},
        }
        | spec,
    }


def works(console: Console, name: str, **changes: Any) -> None:
    """What one visit of the sync function leaves behind: fields of the state, under its lease."""
    found = state.acquire(console.world.table, console.world.store(), name, console.world.clock(), 30)
    assert found is not None
    console.world.table.write(state.save(replace(found, **changes), found, console.world.store(), release=True))


def ends(console: Console, name: str, phase: str = "Succeeded", **status: Any) -> Callable[[], None]:
    """The step in which what was asked for has been done: nothing is asked or under way, and the status tells."""

    def step() -> None:
        asked = state.read(console.world.table, console.world.store(), name).asked or {}
        last = {
            "operation": {key: asked[key] for key in ("sync", "rollback", "initiatedBy", "id") if key in asked},
            "phase": phase,
            "message": "successfully synced (all tasks run)" if phase == "Succeeded" else "one object was refused",
            "startedAt": "2026-11-21T13:00:00Z",
            "finishedAt": "2026-11-21T13:00:02Z",
            "syncResult": {"revision": COMMIT, "resources": [RESULT]},
        }
        works(console, name, asked=None, status=SYNCED | {"operationState": last} | status, resources=(RESOURCE,))

    return step


COMMIT = "abc1234def5678900000000000000000000000aa"
RESOURCE = {
    "group": "apps",
    "version": "v1",
    "kind": "Deployment",
    "namespace": "payments",
    "name": "payments",
    "status": "Synced",
    "health": {"status": "Healthy"},
}
RESULT = {
    "group": "apps",
    "version": "v1",
    "kind": "Deployment",
    "namespace": "payments",
    "name": "payments",
    "status": "Synced",
    "message": "deployment.apps/payments configured",
    "syncPhase": "Sync",
}
SYNCED = {
    "sync": {"status": "Synced", "revision": COMMIT},
    "health": {"status": "Healthy"},
    "reconciledAt": "2026-11-21T13:00:02Z",
}


def deployed(console: Console, name: str, *numbers: int) -> None:
    """Entries in the history, as sync appends them."""
    source = payments()["spec"]["source"]
    for number in numbers:
        entry = {
            "id": number,
            "revision": f"{number:040d}",
            "source": source,
            "bundle": f"{number:064d}",
            "deployStartedAt": f"2026-11-2{number}T13:00:00Z",
            "deployedAt": f"2026-11-2{number}T13:00:01Z",
            "initiatedBy": {"username": "admin"},
        }
        console.world.table.write(*history.append(name, entry, 10))
