"""Clusters, repositories, projects, ApplicationSets, and what only the sync function can tell."""

from __future__ import annotations

from typing import Any

import pytest

from driftless.record import repositories
from tests.unit.console.stage import SYNCED, Console, payments, works

CLUSTERS = "/api/v1/clusters"
EKS = {
    "name": "prod-us-east",
    "server": "https://prod-us-east.example.com",
    "config": {"caData": "Q0E=", "awsClusterName": "prod", "region": "us-east-1"},
}


def test_a_cluster_is_registered_once_and_changed_by_upsert_only(console: Console) -> None:
    assert console.call("POST", CLUSTERS, EKS).body["config"]["endpoint"] == EKS["server"]
    assert console.call("POST", CLUSTERS, EKS).status == 200
    other = EKS | {"config": {"caData": "Q0E=", "awsClusterName": "other", "region": "us-east-1"}}
    assert console.call("POST", CLUSTERS, other).status == 409
    assert console.call("POST", CLUSTERS, other, upsert="true").body["config"]["awsClusterName"] == "other"
    assert console.call("POST", CLUSTERS, EKS | {"server": "https://second.example.com"}).status == 409


def test_a_cluster_credential_is_not_kept(console: Console) -> None:
    body = {"name": "local", "server": "https://127.0.0.1:6443", "config": {"bearerToken": "secret-token"}}
    answer = console.call("POST", CLUSTERS, body)
    assert (answer.status, "bearerToken" in answer.body["message"]) == (400, True)
    assert "secret-token" not in answer.body["message"]
    assert console.world.table.get("CLUSTER", "https://127.0.0.1:6443") is None


def test_credentials_that_a_local_stack_allows_come_in_and_never_go_out(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRIFTLESS_STORED_CLUSTER_CREDENTIALS", "allowed")
    config = {
        "bearerToken": "secret-token",
        "tlsClientConfig": {"caData": "Q0E=", "certData": "Q0VSVA==", "keyData": "S0VZ"},
        "password": "secret-password",
    }
    body = {"name": "local", "server": "https://127.0.0.1:6443", "config": config}
    shown = [console.call("POST", CLUSTERS, body).body, console.call("GET", f"{CLUSTERS}/local").body]
    shown += console.call("GET", CLUSTERS).body["items"]
    assert [set(row["config"]) for row in shown] == [{"endpoint", "caData"}] * 3
    item = console.world.table.get("CLUSTER", "https://127.0.0.1:6443") or {}
    assert "secret-token" in item["config"] and "S0VZ" in item["config"]


@pytest.mark.parametrize(
    "body",
    [
        {"server": "prod"},
        {"server": "http://prod.example.com"},
        {"server": "https://a.example", "config": {"tlsClientConfig": {"insecure": True}}},
        {"server": "https://a.example", "config": {"bearerToken": 3}},
        {"server": "https://a.example", "config": ["x"]},
    ],
)
def test_a_cluster_that_cannot_be_reached_safely_is_refused(console: Console, body: dict[str, Any]) -> None:
    answer = console.call("POST", CLUSTERS, body)
    assert (answer.status, answer.body["error"]) == (400, "Refused")


def test_a_cluster_is_found_by_address_or_name_and_forgotten(console: Console) -> None:
    console.call("POST", CLUSTERS, EKS)
    assert console.call("GET", f"{CLUSTERS}/https%3A%2F%2Fprod-us-east.example.com").body["name"] == "prod-us-east"
    assert console.call("GET", f"{CLUSTERS}/https://prod-us-east.example.com").body["name"] == "prod-us-east"
    assert console.call("DELETE", f"{CLUSTERS}/prod-us-east").body == {}
    gone = console.call("DELETE", f"{CLUSTERS}/prod-us-east")
    assert (gone.status, "is not registered" in gone.body["message"]) == (404, True)


def test_a_cluster_is_as_reachable_as_its_applications_say(console: Console) -> None:
    console.call("POST", CLUSTERS, EKS)

    def status() -> str:
        found: str = console.call("GET", f"{CLUSTERS}/prod-us-east").body["connectionState"]["status"]
        return found

    assert status() == "Unknown"
    console.call("POST", "/api/v1/applications", payments(destination={"name": "prod-us-east", "namespace": "p"}))
    assert status() == "Unknown"
    works(console, "payments", status=SYNCED)
    assert status() == "Successful"


def test_repositories_are_those_that_applications_name(console: Console) -> None:
    console.call("POST", "/api/v1/applications", payments())
    (row,) = console.call("GET", "/api/v1/repositories").body["items"]
    assert row["repo"] == "https://github.com/acme-corp/gitops-manifests.git"
    assert (row["type"], row["connectionState"]["status"]) == ("git", "Unknown")
    held = repositories.acquire(console.world.table, "github.com/acme-corp/gitops-manifests", console.world.clock(), 30)
    assert held is not None
    repositories.release(console.world.table, held, held)
    (row,) = console.call("GET", "/api/v1/repositories").body["items"]
    assert row["connectionState"]["status"] == "Successful"


@pytest.mark.parametrize("path", ["/api/v1/projects", "/api/v1/applicationsets"])
def test_what_is_not_built_is_listed_and_refused_in_a_sentence(console: Console, path: str) -> None:
    assert console.call("GET", path).status == 200
    answer = console.call("POST", path, {})
    assert (answer.status, answer.body["error"]) == (501, "NotBuiltYet")
    assert "is not built yet" in answer.body["message"]


def test_there_is_one_project_and_it_allows_everything(console: Console) -> None:
    assert console.call("GET", "/api/v1/projects/default").body["spec"]["sourceRepos"] == ["*"]
    assert console.call("GET", "/api/v1/projects/payments").status == 404


def test_live_questions_go_to_the_sync_function_and_its_answer_comes_back(console: Console) -> None:
    console.call("POST", "/api/v1/applications", payments())
    rows = [{"group": "apps", "kind": "Deployment", "namespace": "payments", "name": n, "diff": ""} for n in "ab"]
    console.live = {"diff": {"items": rows}, "manifests": {"manifests": ["{}"], "revision": "a"}}
    console.live["resource-tree"] = {"nodes": []}
    app = "/api/v1/applications/payments"
    assert len(console.call("GET", f"{app}/managed-resources").body["items"]) == 2
    assert console.call("GET", f"{app}/managed-resources", name="b").body["items"] == rows[1:]
    assert console.call("GET", f"{app}/manifests", revision="v1").body["manifests"] == ["{}"]
    assert console.call("GET", f"{app}/resource-tree").body == {"nodes": []}
    assert console.asked == [
        {"action": "diff", "application": "payments"},
        {"action": "diff", "application": "payments"},
        {"action": "manifests", "application": "payments", "revision": "v1"},
        {"action": "resource-tree", "application": "payments"},
    ]


@pytest.mark.parametrize(
    ("error", "code"), [("Unavailable", 503), ("NotBuiltYet", 501), ("SourceError", 422), ("ClusterRefused", 422)]
)
def test_the_sync_functions_refusal_is_handed_on_as_it_is(console: Console, error: str, code: int) -> None:
    console.call("POST", "/api/v1/applications", payments())
    refusal = {"error": error, "code": code, "message": "what went wrong"}
    console.live["diff"] = refusal
    answer = console.call("GET", "/api/v1/applications/payments/managed-resources")
    assert (answer.status, answer.body) == (code, refusal)


def test_the_version_is_told(console: Console) -> None:
    assert console.call("GET", "/api/v1/version").body["Version"].startswith("v")
