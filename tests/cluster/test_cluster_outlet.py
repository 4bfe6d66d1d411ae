"""The cluster outlet against a real API server: what it reads, lists, writes, and what it says when refused."""

from __future__ import annotations

from typing import Any

import pytest

from devstack.controlplane import ControlPlane
from driftless.outlets.cluster import Cluster, UnknownKind, connect
from driftless.vocabulary.errors import ClusterRefused, Refused
from driftless.vocabulary.objects import Manifest, ObjectKey


@pytest.fixture
def cluster(controlplane: ControlPlane) -> Cluster:
    return connect(
        {"endpoint": controlplane.endpoint, "caData": controlplane.ca_data, "bearerToken": controlplane.token}
    )


def config_map(namespace: str, name: str, **data: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}


def key(namespace: str, name: str, kind: str = "ConfigMap") -> ObjectKey:
    return ObjectKey("", kind, namespace, name)


def test_one_configuration_is_one_cluster(controlplane: ControlPlane, cluster: Cluster) -> None:
    again = {"endpoint": controlplane.endpoint, "caData": controlplane.ca_data, "bearerToken": controlplane.token}
    assert connect(again) is cluster


@pytest.mark.parametrize(
    ("group", "kind", "plural", "namespaced"),
    [
        ("", "ConfigMap", "configmaps", True),
        ("apps", "Deployment", "deployments", True),
        ("", "Namespace", "namespaces", False),
        ("rbac.authorization.k8s.io", "ClusterRole", "clusterroles", False),
    ],
)
def test_discovery_knows_kinds(cluster: Cluster, group: str, kind: str, plural: str, namespaced: bool) -> None:
    found = cluster.discovery().kind(group, kind)
    assert found and (found.plural, found.namespaced) == (plural, namespaced)


def test_discovery_is_three_requests_and_then_none(cluster: Cluster) -> None:
    cluster.discovery()
    before = cluster.requests["discover"]
    cluster.discovery()
    assert cluster.requests["discover"] == before


def test_an_unchanged_discovery_is_the_same_object(cluster: Cluster) -> None:
    assert cluster.discovery(fresh=True) is cluster.discovery(fresh=True)


def test_capabilities_are_helm_s(cluster: Cluster) -> None:
    words = cluster.discovery().capabilities()
    assert words.kube_version.startswith("v1.") and "-" not in words.kube_version
    assert {"v1", "v1/ConfigMap", "apps/v1", "apps/v1/Deployment"} <= set(words.api_versions)


@pytest.mark.parametrize("count", [3, 12])
def test_read_finds_what_is_there_and_only_that(cluster: Cluster, namespace: str, count: int) -> None:
    made = [config_map(namespace, f"m{n}") for n in range(count)]
    cluster.map(cluster.apply, made)
    found = cluster.read([(key(namespace, f"m{n}"), "v1") for n in range(count + 1)])
    assert [live is not None for live in found.values()] == [True] * count + [False]
    assert all(live["kind"] == "ConfigMap" and live["apiVersion"] == "v1" for live in found.values() if live)


def test_many_of_one_kind_are_read_by_one_list(cluster: Cluster, namespace: str) -> None:
    cluster.discovery()
    before = cluster.requests.copy()
    cluster.read([(key(namespace, f"m{n}"), "v1") for n in range(50)])
    assert cluster.requests - before == {"list": 1}


def test_few_among_very_many_are_not_looked_for_in_a_long_list(
    cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("driftless.outlets.cluster.listing.PAGE", 5)
    monkeypatch.setattr("driftless.outlets.cluster.listing._WORTH_READING_PAST", 1)
    cluster.map(cluster.apply, [config_map(namespace, f"m{n:02}") for n in range(40)])
    before = cluster.requests.copy()
    found = cluster.read([(key(namespace, f"m{n:02}"), "v1") for n in range(30, 40)])
    assert all(found.values()) and cluster.requests - before == {"list": 1, "get": 10}


def test_a_long_list_comes_in_pages(cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("driftless.outlets.cluster.listing.PAGE", 5)
    cluster.map(cluster.apply, [config_map(namespace, f"m{n:02}") for n in range(12)])
    kind = cluster.kind_of(config_map(namespace, "m00"))
    names = {item["metadata"]["name"] for item in cluster.list(kind, namespace)}
    assert {f"m{n:02}" for n in range(12)} <= names


def test_a_list_can_be_of_metadata_only(cluster: Cluster, namespace: str) -> None:
    cluster.apply(config_map(namespace, "wide", words="many"))
    kind = cluster.kind_of(config_map(namespace, "wide"))
    found = {i["metadata"]["name"]: i for i in cluster.list(kind, namespace, metadata_only=True)}
    assert found["wide"]["kind"] == "ConfigMap" and "data" not in found["wide"]


def test_an_object_of_an_unknown_kind_is_not_there(cluster: Cluster) -> None:
    unknown = ObjectKey("example.test", "Widget", "default", "w")
    assert cluster.read([(unknown, "v1")]) == {unknown: None}


def test_applying_an_unknown_kind_says_which(cluster: Cluster) -> None:
    widget = {"apiVersion": "example.test/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "default"}}
    with pytest.raises(UnknownKind, match=r"no kind example.test/v1 Widget; install its CustomResourceDefinition"):
        cluster.apply(widget)


def test_a_version_no_longer_served_is_read_in_the_one_that_is(cluster: Cluster, namespace: str) -> None:
    cluster.apply(config_map(namespace, "old"))
    assert cluster.read([(key(namespace, "old"), "v1beta7")])[key(namespace, "old")]


def test_apply_declares_fields_as_driftless(cluster: Cluster, namespace: str) -> None:
    live = cluster.apply(config_map(namespace, "a", x="1"))
    assert [(e["manager"], e["operation"]) for e in live["metadata"]["managedFields"]] == [("driftless", "Apply")]


def test_a_dry_run_changes_nothing(cluster: Cluster, namespace: str) -> None:
    cluster.apply(config_map(namespace, "a", x="1"))
    assert cluster.apply(config_map(namespace, "a", x="2"), dry_run=True)["data"] == {"x": "2"}
    live = cluster.read([(key(namespace, "a"), "v1")])[key(namespace, "a")]
    assert live and live["data"] == {"x": "1"}


def test_strict_validation_names_the_unknown_field(cluster: Cluster, namespace: str) -> None:
    wrong = config_map(namespace, "a") | {"dta": {}}
    with pytest.raises(ClusterRefused, match=r"\.dta: field not declared in schema") as refused:
        cluster.apply(wrong)
    assert refused.value.status == 422


def test_what_does_not_fit_its_schema_is_not_tried_again(cluster: Cluster, namespace: str) -> None:
    cluster.discovery()
    before = cluster.requests.copy()
    with pytest.raises(ClusterRefused, match="expected string"):
        cluster.apply(config_map(namespace, "a") | {"data": {"a": 5}})
    assert cluster.requests - before == {"apply": 1}


def test_deleting_what_is_not_there_is_fine(cluster: Cluster, namespace: str) -> None:
    kind = cluster.kind_of(config_map(namespace, "a"))
    assert cluster.delete(key(namespace, "never"), kind) is None


def test_a_namesake_with_another_uid_is_not_deleted(cluster: Cluster, namespace: str) -> None:
    live = cluster.apply(config_map(namespace, "a"))
    with pytest.raises(ClusterRefused) as refused:
        cluster.delete(key(namespace, "a"), cluster.kind_of(live), uid="00000000-0000-0000-0000-000000000000")
    assert refused.value.status == 409
    assert cluster.get(key(namespace, "a"), cluster.kind_of(live)) is not None


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../../namespaces/x", "%2e%2e"])
def test_a_name_that_points_elsewhere_is_refused_before_it_is_sent(cluster: Cluster, namespace: str, name: str) -> None:
    kind = cluster.kind_of(config_map(namespace, "a"))
    before = cluster.requests.total()
    with pytest.raises(Refused, match="not a name that an object can have"):
        cluster.delete(key(namespace, name), kind)
    with pytest.raises(Refused, match="not a name that an object can have"):
        cluster.delete(key(name, "a"), kind)
    assert cluster.requests.total() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"data": {"password": {"hunter2hunter2": "x"}}},
        {"data": {"password": "hunter2hunter2"}},  # not base64
        {"data": {"a key": "aHVudGVyMmh1bnRlcjI="}},
        {"stringData": {"password": 5}},
        {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "hunter2hunter2"}},
        {"immutable": "hunter2hunter2"},
    ],
    ids=["map", "not-base64", "bad-key", "number", "docker", "not-boolean"],
)
def test_a_refused_secret_gives_no_value_away(cluster: Cluster, namespace: str, wrong: dict[str, Any]) -> None:
    meta = {"name": "s", "namespace": namespace}
    with pytest.raises(ClusterRefused) as refused:
        cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": meta} | wrong)
    assert f"Secret {namespace}/s is refused" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_wrong_token_is_said_so(controlplane: ControlPlane) -> None:
    stranger = connect({"endpoint": controlplane.endpoint, "caData": controlplane.ca_data, "bearerToken": "wrong"})
    with pytest.raises(ClusterRefused) as refused:
        stranger.discovery()
    assert refused.value.status == 401 and "wrong" not in str(refused.value)
