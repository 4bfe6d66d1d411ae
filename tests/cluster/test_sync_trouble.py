"""The outside fails, and comes back: Unknown meanwhile, nothing lost, and no more requests than the work is worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.controlplane import ControlPlane
from driftless.flows.syncing import operation
from driftless.outlets.cluster import connect
from driftless.outlets.cluster.connection import Transport
from driftless.record import clusters
from driftless.vocabulary.argo import IN_CLUSTER
from driftless.vocabulary.errors import Unavailable
from tests.cluster.manifests import config_map, deployment, text
from tests.cluster.place import Place
from tests.cluster.surroundings import registered

AUTO = {"prune": True, "selfHeal": True}


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """While it holds anything, the API server does not answer."""
    down: list[bool] = []
    send = Transport.send

    def sent(self: Transport, request: object) -> object:
        if down:
            raise Unavailable("cluster https://gone is not answering")
        return send(self, request)  # type: ignore[arg-type]

    monkeypatch.setattr(Transport, "send", sent)
    return down


def test_a_cluster_that_is_down_makes_unknown_and_comes_back_by_itself(
    place: Place, namespace: str, away: list[bool]
) -> None:
    app = place.application(namespace, {"a.yaml": text(config_map("a"))}, automated=AUTO)
    place.settle()
    away.append(True)
    with pytest.raises(Unavailable):
        place.scan()
    place.settle(until=lambda: app.status[0] == "Unknown")
    assert "is not answering" in app.conditions["ComparisonError"]
    assert app.status[1] == "Healthy", "nobody knows better"
    place.settle()
    assert place.pending() == [], "after a few tries only the poll looks"
    away.clear()
    assert place.scan() == 1
    assert app.status == ("Synced", "Healthy") and app.conditions == {}
    assert app.live("configmaps/a") and len(app.history) == 1


def test_a_cluster_that_goes_down_during_a_sync_ends_it_later(
    place: Place, namespace: str, away: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = place.application(namespace, {"a.yaml": text(config_map("a"), config_map("b", wave=1))}, automated=AUTO)
    place.deliver(*place.letters.pop()[:2])
    performed = operation.apply.perform

    def then_down(*arguments: object) -> object:
        done = performed(*arguments)  # type: ignore[arg-type]
        away.append(True)
        return done

    monkeypatch.setattr(operation.apply, "perform", then_down)
    with pytest.raises(Unavailable):
        app.visit()
        app.visit()
    monkeypatch.setattr(operation.apply, "perform", performed)
    assert app.state.operation is not None
    app.visit()
    assert app.status[0] == "Unknown" and app.state.operation is not None, "what is under way is kept"
    away.clear()
    place.settle()
    assert app.status == ("Synced", "Healthy") and [e["id"] for e in app.history] == [0]


@pytest.fixture
def second(tmp_path: Path) -> Iterator[ControlPlane]:
    other = ControlPlane(tmp_path / "second")
    other.start()
    yield other
    other.stop()


def test_another_cluster_gets_everything_and_the_old_one_keeps_what_it_has(
    place: Place, namespace: str, second: ControlPlane
) -> None:
    app = place.application(namespace, {"a.yaml": text(config_map("a"))}, automated=AUTO)
    place.settle()
    server = "https://second.example"
    place.world.table.write(registered(second, server=server, name="second"))
    app.register(automated=AUTO, options=("CreateNamespace=true",), destination={"server": server})
    place.settle()
    assert second.request("GET", f"/api/v1/namespaces/{namespace}/configmaps/a")[0] == 200
    assert app.status == ("Synced", "Healthy") and app.live("configmaps/a")
    assert "1 object(s) stay on cluster https://kubernetes.default.svc" in app.conditions["OrphanedResourceWarning"]
    app.ask("sync")
    assert app.conditions == {}, "a person has seen it"
    place.world.table.write(clusters.remove(server))
    app.visit()
    assert f"{server} is not registered" in app.conditions["InvalidSpecError"]


def spent(place: Place, before: Counter[str]) -> Counter[str]:
    return Counter(place.cluster.requests) - before


def test_a_first_sync_costs_two_requests_an_object_and_a_look_one_list(place: Place, namespace: str) -> None:
    objects = [config_map(f"c{n}") for n in range(4)] + [deployment("web")]
    app = place.application(namespace, {"all.yaml": text(*objects)}, automated=AUTO)
    place.deliver(*place.letters.pop()[:2])
    place.cluster.discovery()
    before = Counter(place.cluster.requests)
    app.visit()
    used = spent(place, before)
    assert used["apply"] == len(objects) and used["get"] == len(objects), used
    place.settle()
    before = Counter(place.cluster.requests)
    app.visit()
    used = spent(place, before)
    assert (used["get"], used["apply"], used["list"]) == (len(objects), 0, 0), used


def test_many_objects_of_one_kind_cost_one_list(place: Place, namespace: str) -> None:
    objects = [config_map(f"c{n}") for n in range(12)]
    app = place.application(namespace, {"all.yaml": text(*objects)}, automated=AUTO)
    place.settle()
    before = Counter(place.cluster.requests)
    app.visit()
    used = spent(place, before)
    assert (used["list"], used["get"], used["apply"]) == (1, 0, 0), used
    before = Counter(place.cluster.requests)
    app.push({"all.yaml": text(config_map("c0", "2"), *objects[1:])})
    used = spent(place, before)
    assert used["list"] == 1 and used["apply"] == 2, "one asked for, one done"


def test_a_scan_lists_each_kind_once_for_all_applications(place: Place, namespace: str) -> None:
    for number in range(3):
        place.application(
            f"{namespace}-{number}",
            {"a.yaml": text(config_map(f"a{number}"))},
            automated=AUTO,
            destination={"namespace": namespace},
        )
    place.settle()
    before = Counter(place.cluster.requests)
    assert place.scan() == 0
    used = spent(place, before)
    assert used["list"] == 1 and used["get"] == 0, used


def test_the_clusters_client_is_the_one_that_counts(place: Place, controlplane: ControlPlane) -> None:
    found = next(c for c in clusters.read_all(place.world.table) if c.server == IN_CLUSTER)
    assert connect(found.config) is place.cluster
