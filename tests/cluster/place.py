"""Driftless in one process on real parts: table, bucket, queues, Git server and cluster, and nobody who listens.

A test registers an application, pushes, and has it visited until nothing is left to do: letters are kept instead of
relayed, and their delays pass at once (the clock is moved ahead), so that nobody waits for a back-off. Whatever goes
on longer than `MOST_VISITS` is a loop, and fails.
"""

from __future__ import annotations

import heapq
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from devstack.controlplane import ControlPlane
from devstack.push import Checkout
from driftless import interest
from driftless.flows import direct, fetch, register, scan, sync
from driftless.flows.wiring import World
from driftless.outlets import cluster as clusters_outlet
from driftless.outlets import settings
from driftless.outlets.cluster import Cluster
from driftless.outlets.git import Git
from driftless.outlets.queue import Queue
from driftless.outlets.store import Store
from driftless.outlets.table import Item, Table, Write
from driftless.record import applications, clusters, history, repositories, state
from driftless.record.state import State
from driftless.vocabulary.argo import IN_CLUSTER
from tests.cluster.surroundings import PUBLIC

MOST_VISITS = 40
PATIENCE = 40.0
"""Seconds of real time for pods to become ready, namespaces to go."""

Files = Mapping[str, str | None]
Message = dict[str, Any]


class Kept(Table):
    """Remembers the letters of every transaction that went through: there is no relay here."""

    def __init__(self, letters: list[tuple[str, Message, int]]) -> None:
        super().__init__()
        self.letters = letters

    def write(self, *writes: Write, returning: bool = False) -> Item | None:
        answer = super().write(*writes, returning=returning)
        for write in writes:
            if write.item and write.item["pk"].startswith("OUTBOX#"):
                self.letters.append((write.item["to"], json.loads(write.item["message"]), write.item["delay"]))
        return answer


class KeptQueue(Queue):
    def __init__(self, address: str, letters: list[tuple[str, Message, int]]) -> None:
        super().__init__("")
        self.address, self.letters = address, letters

    def _send_batch(self, entries: list[dict[str, Any]]) -> None:
        self.letters += [(self.address, json.loads(e["MessageBody"]), e["DelaySeconds"]) for e in entries]


@dataclass
class Place:
    """The whole house for one test; `events` are what the bus would have had, `visits` how often a worker looked."""

    plane: ControlPlane
    git_url: str
    folder: Path
    ahead: float = 0.0
    letters: list[tuple[str, Message, int]] = field(default_factory=list)
    events: list[Message] = field(default_factory=list)
    visits: int = 0
    _due: list[tuple[float, int, str, Message]] = field(default_factory=list)
    _number: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.git = Git(settings.git_instead_of())
        self.world = World(
            table=Kept(self.letters),
            store=cache(Store),
            fetch_queue=cache(lambda: KeptQueue("fetch", self.letters)),
            sync_queue=cache(lambda: KeptQueue("sync", self.letters)),
            clock=lambda: time.time() + self.ahead,
        )

    @property
    def cluster(self) -> Cluster:
        """The very client that the flows use: its `requests` count what they sent."""
        found = next(c for c in clusters.read_all(self.world.table) if c.server == IN_CLUSTER)
        return clusters_outlet.connect(found.config)

    def clear(self) -> None:
        """Forget every application of the tests before; their objects go with their namespaces."""
        for stored in applications.read_all(self.world.table):
            history.forget(self.world.table, stored.application.name)
            self.world.table.write(*applications.forget(stored))
        self.letters.clear()

    def settle(self, *, until: Callable[[], bool] | None = None) -> int:
        """Deliver every message, and every letter when its time comes, until none is left; how many visits it took.

        With `until`, only that long: for what waits for something that the test will bring about.
        """
        before, end = self.visits, time.monotonic() + PATIENCE
        while not (until and until()):
            self._sort()
            if not self._due:
                return self.visits - before
            due, _, address, message = heapq.heappop(self._due)
            late = due - self.world.clock()
            if late > 0:
                time.sleep(min(late, 0.1))
                self.ahead += max(0.0, due - self.world.clock())
            self.deliver(address, message)
            assert self.visits - before <= MOST_VISITS, f"still not quiet after {MOST_VISITS} visits: {message}"
            assert time.monotonic() < end, f"still not quiet after {PATIENCE} s: {message}"
        return self.visits - before

    def deliver(self, address: str, message: Message) -> None:
        if address == "events":
            self.events.append(message)
        elif address == "fetch":
            fetch.fetch(message, self.world, self.git)
        elif "scan" in message:
            scan.scan(message["scan"], self.world)
        else:
            self.visits += 1
            sync.visit(message["application"], self.world, cause=message.get("cause", ""))

    def pending(self) -> list[Message]:
        """What is on its way, soonest first."""
        self._sort()
        return [message for _, _, _, message in sorted(self._due)]

    def scan(self) -> int:
        """The poll's look at the cluster, and what follows from it; how many visits that took."""
        self.ahead += scan.SLOT_SECONDS
        self.letters.append(("sync", {"scan": IN_CLUSTER}, 0))
        return self.settle()

    def _sort(self) -> None:
        taken, self.letters[:] = list(self.letters), []
        for address, message, delay in taken:
            heapq.heappush(self._due, (self.world.clock() + delay, next(self._number), address, message))

    def application(self, name: str, files: Files, **spec: Any) -> Deployed:
        """Push the files to a repository of its own and register an application for it; nothing is visited yet."""
        checkout = Checkout(self.folder / name, self.git_url, f"acme/{name}", PUBLIC)
        there = Deployed(self, name, checkout)
        there.checkout.write(files)
        there.checkout.push("first")
        there.register(**spec)
        return there


@dataclass
class Deployed:
    """One application of a test, in a namespace of its own name."""

    place: Place
    name: str
    checkout: Checkout

    def register(self, *, automated: Any = None, options: tuple[str, ...] = (), **spec: Any) -> None:
        """`automated`: the block of that name, None = a person syncs. What else is given goes into the spec."""
        metadata = {"name": self.name} | spec.pop("metadata", {})
        policy = {"automated": automated, "syncOptions": list(options)} | spec.pop("policy", {})
        source = {"repoURL": f"{PUBLIC}/acme/{self.name}.git", "targetRevision": "main", "path": "."}
        destination = {"server": IN_CLUSTER, "namespace": self.name} | spec.pop("destination", {})
        whole = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": metadata,
            "spec": {
                "source": source | spec.pop("source", {}),
                "destination": destination,
                "syncPolicy": {k: v for k, v in policy.items() if v not in (None, [])},
                **spec,
            },
        }
        register.create(whole, self.place.world, upsert=True)

    def push(self, files: Files, subject: str = "next") -> int:
        """Write, push, call the fetch as a webhook would, and settle; how many visits it took."""
        self.checkout.write(files)
        self.checkout.push(subject)
        return self.look_up()

    def look_up(self, cause: str = "webhook", **more: Any) -> int:
        url = interest.canonical(f"{PUBLIC}/acme/{self.name}.git")
        self.place.world.table.write(repositories.request(url))
        self.place.letters.append(("fetch", {"repository": url, "cause": cause, **more}, 0))
        return self.place.settle()

    def visit(self, cause: str = "") -> dict[str, Any]:
        self.place.visits += 1
        return sync.visit(self.name, self.place.world, cause=cause)

    def ask(self, action: str, **more: Any) -> dict[str, Any]:
        """A direct invoke of the sync function, and everything that follows; the operationState at the end."""
        direct.invoke({"action": action, "application": self.name, **more}, self.place.world)
        self.place.settle()
        return self.operation

    def answer(self, action: str) -> dict[str, Any]:
        """A question to the sync function: diff, manifests, resource-tree."""
        return direct.invoke({"action": action, "application": self.name}, self.place.world)

    @property
    def state(self) -> State:
        return state.read(self.place.world.table, self.place.world.store(), self.name)

    @property
    def status(self) -> tuple[str, str]:
        """(sync status, health)"""
        shown = self.state.status
        return (shown.get("sync") or {}).get("status", ""), (shown.get("health") or {}).get("status", "")

    @property
    def operation(self) -> dict[str, Any]:
        return dict(self.state.status.get("operationState") or {})

    @property
    def phase(self) -> str:
        return str(self.operation.get("phase", ""))

    @property
    def results(self) -> dict[str, str]:
        """ "Kind name" -> what the last operation did to it."""
        rows = self.operation["syncResult"]["resources"]
        return {f"{row['kind']} {row['name']}": row.get("status", "") for row in rows}

    @property
    def conditions(self) -> dict[str, str]:
        return {c["type"]: c["message"] for c in self.state.status.get("conditions", [])}

    @property
    def history(self) -> list[dict[str, Any]]:
        return history.read(self.place.world.table, self.name)

    @property
    def exists(self) -> bool:
        return applications.exists(self.place.world.table, self.name)

    def live(self, path: str) -> dict[str, Any] | None:
        """An object of the application's namespace by its path, as in "configmaps/a" or "apps/v1/deployments/web"."""
        *group, plural, name = path.split("/")
        root = f"/apis/{'/'.join(group)}" if group else "/api/v1"
        status, found = self.place.plane.request("GET", f"{root}/namespaces/{self.name}/{plural}/{name}")
        assert status in (200, 404), found
        return found if status == 200 else None

    def edit(self, path: str, patch: dict[str, Any], subresource: str = "") -> None:
        """A merge patch by somebody else."""
        *group, plural, name = path.split("/")
        root = f"/apis/{'/'.join(group)}" if group else "/api/v1"
        at = f"{root}/namespaces/{self.name}/{plural}/{name}{subresource}?fieldManager=kubectl-edit"
        status, answer = self.place.plane.request("PATCH", at, patch, "application/merge-patch+json")
        assert status == 200, answer

    def remove(self, path: str) -> None:
        *group, plural, name = path.split("/")
        root = f"/apis/{'/'.join(group)}" if group else "/api/v1"
        status, answer = self.place.plane.request("DELETE", f"{root}/namespaces/{self.name}/{plural}/{name}")
        assert status in (200, 202), answer
