"""What a poll asks for, and what it costs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from driftless import interest
from driftless.flows.poll import SPREAD_SECONDS, poll
from driftless.outlets import table
from driftless.record import clusters, repositories, state
from driftless.record.clusters import Registered
from driftless.vocabulary.argo import IN_CLUSTER
from functions.poll import app
from tests.unit.flows.cloud import Cloud

URL = "https://github.com/acme-corp/gitops-manifests.git"
EVENTS = Path(__file__).parents[3] / "events"


def test_nothing_registered_is_nothing_asked(cloud: Cloud) -> None:
    assert poll(cloud.world) == {"repositories": 0, "clusters": 0, "applications": 0}
    assert cloud.fetch_queue.take() == cloud.sync_queue.take() == []


def test_many_applications_of_one_repository_are_one_request(cloud: Cloud) -> None:
    for n in range(20):
        cloud.register(f"a{n}", URL if n % 2 else URL.removesuffix(".git"), f"apps/{n}")
    cloud.fuse.touches = 0
    assert poll(cloud.world)["repositories"] == 1
    assert cloud.fetch_queue.items == [({"repository": interest.canonical(URL), "cause": "poll"}, 0)]
    assert repositories.read(cloud.world.table, interest.canonical(URL)).requested == 1
    assert cloud.fuse.touches == 2  # one count, one batch


def test_each_cluster_is_scanned_once(cloud: Cloud) -> None:
    cloud.world.table.write(clusters.add(Registered(IN_CLUSTER, "in-cluster", {})))
    cloud.world.table.write(clusters.add(Registered("https://other:6443", "other", {})))
    poll(cloud.world)
    assert [m["scan"] for m in cloud.sync_queue.take()] == ["https://kubernetes.default.svc", "https://other:6443"]


@pytest.mark.parametrize("count", [10, 11])
def test_more_than_ten_repositories_are_spread(cloud: Cloud, count: int) -> None:
    for n in range(count):
        cloud.register(f"a{n}", f"https://github.com/acme/r{n}", "x")
    poll(cloud.world)
    delays = [delay for _, delay in cloud.fetch_queue.items]
    assert len(delays) == count
    assert all(0 <= delay <= SPREAD_SECONDS for delay in delays)
    assert (len(set(delays)) > 1) is (count > 10)


SOURCE = {"repoURL": URL, "path": "x", "targetRevision": "main"}


@pytest.mark.parametrize(
    "write",
    [
        state.ask("a", {"id": "1"}),
        state.request_deletion("a", {"cascade": False}),
        state.set_target("a", state.Target(revision="x", source=SOURCE), 1),
        table.update(table.key(state.PARTITION, "a"), "SET terminating = :yes", yes=True),
    ],
    ids=["asked", "deleting", "never visited", "terminating"],
)
def test_who_waits_for_a_worker_is_called(cloud: Cloud, write: table.Write) -> None:
    cloud.register("a", URL, "x")
    cloud.register("quiet", URL, "y")
    cloud.world.table.write(write)
    poll(cloud.world)
    assert cloud.woken() == ["a"]


def test_an_operation_under_way_is_called(cloud: Cloud) -> None:
    cloud.register("a", URL, "x")
    before = state.acquire(cloud.world.table, cloud.world.store(), "a", cloud.now, 60)
    assert before is not None
    under_way = replace(before, operation={"id": "1"})
    cloud.world.table.write(state.save(under_way, before, cloud.world.store(), release=True))
    poll(cloud.world)
    assert cloud.woken() == ["a"]


def test_the_door_polls_whatever_the_schedule_says(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.counts, "namespace", "Driftless")
    monkeypatch.setattr(app, "world", lambda: cloud.world)
    cloud.register("a", URL, "x")
    context: Any = SimpleNamespace(
        function_name="poll", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="1"
    )
    event = json.loads((EVENTS / "poll.json").read_text())
    assert app.handler(event, context) == {"repositories": 1, "clusters": 0, "applications": 0}
