"""A cluster's stored configuration: what is accepted, what is refused, and the EKS token that needs no network."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.credentials import Credentials
from moto import mock_aws

from driftless.outlets import eks
from driftless.outlets.cluster import Kind
from driftless.outlets.cluster.config import connection
from driftless.outlets.cluster.discovery import Discovery
from driftless.vocabulary.errors import NotBuiltYet, Refused, Unavailable

ENDPOINT = {"endpoint": "https://example.test"}
PEM = base64.b64encode(b"-----BEGIN CERTIFICATE-----\n").decode()


@pytest.fixture(autouse=True)
def role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eks, "_tokens", {})
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example-key")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "example-session")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "endpoint '' must be an https:// address"),
        ({"endpoint": "http://example.test", "bearerToken": "t"}, "must be an https:// address"),
        (ENDPOINT, "says no way to be known there; give awsClusterName and region"),
        (ENDPOINT | {"certData": PEM}, "says no way to be known there"),
        (ENDPOINT | {"awsClusterName": "prod"}, "cluster prod needs its region"),
        (ENDPOINT | {"bearerToken": "t", "caData": "not base64!"}, "caData is not base64"),
        (ENDPOINT | {"bearerToken": "t", "caData": "AAAA"}, "caData is not a PEM file"),
        (ENDPOINT | {"certData": PEM, "keyData": "AAAA"}, "keyData is not a PEM file"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(config: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        connection(config)


@pytest.mark.parametrize("key", ["insecure", "execProviderConfig", "username"])
def test_what_is_not_built_is_said_so(key: str) -> None:
    with pytest.raises(NotBuiltYet, match=f"a cluster's {key} is not built yet"):
        connection(ENDPOINT | {"bearerToken": "t", key: "x"})


def test_credentials_do_not_show_in_a_connection() -> None:
    assert "hush" not in repr(connection(ENDPOINT | {"bearerToken": "hush"}))


def test_an_eks_cluster_is_known_by_a_minted_token() -> None:
    headers = connection(ENDPOINT | {"awsClusterName": "prod", "region": "eu-north-1"}).credentials(False)
    assert headers["Authorization"].startswith("Bearer k8s-aws-v1.")


def address_in(text: str) -> str:
    data = text.removeprefix(eks.PREFIX)
    assert "=" not in data
    return base64.urlsafe_b64decode(data + "=" * (-len(data) % 4)).decode()


def test_the_token_is_a_signed_regional_get_caller_identity() -> None:
    url = urlsplit(address_in(eks.token("prod", "eu-north-1").text))
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert (url.scheme, url.netloc, url.path) == ("https", "sts.eu-north-1.amazonaws.com", "/")
    assert (query["Action"], query["X-Amz-Expires"]) == ("GetCallerIdentity", "60")
    assert query["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"
    assert query["X-Amz-Security-Token"] == "example-session"
    assert query["X-Amz-Credential"].startswith("AKIDEXAMPLE/") and "/eu-north-1/sts/aws4_request" in url.query.replace(
        "%2F", "/"
    )
    assert len(query["X-Amz-Signature"]) == 64


def test_the_token_is_bound_to_the_cluster() -> None:
    keys = Credentials("AKIDEXAMPLE", "example-key")
    signatures = {parse_qs(address_in(eks.sign(name, "us-east-1", keys)))["X-Amz-Signature"][0] for name in ("a", "b")}
    assert len(signatures) == 2


@pytest.mark.parametrize(
    ("region", "variable", "host"),
    [
        ("us-east-1", "", "sts.us-east-1.amazonaws.com"),
        ("cn-north-1", "", "sts.cn-north-1.amazonaws.com.cn"),
        ("us-east-1", "AWS_ENDPOINT_URL", "127.0.0.1:4566"),
        ("us-east-1", "AWS_ENDPOINT_URL_STS", "127.0.0.1:4566"),
    ],
)
def test_the_sts_host(monkeypatch: pytest.MonkeyPatch, region: str, variable: str, host: str) -> None:
    if variable:
        monkeypatch.setenv(variable, "http://127.0.0.1:4566")
    assert urlsplit(address_in(eks.token("prod", region).text)).netloc == host


def test_a_token_is_kept_until_it_is_old_or_not_known() -> None:
    first = eks.token("prod", "us-east-1")
    assert eks.token("prod", "us-east-1") is first
    assert eks.token("prod", "us-east-1", fresh=True) is not first
    assert timedelta(minutes=5) < first.expires - datetime.now(UTC) < timedelta(minutes=14)
    assert first.text not in repr(first)


def test_an_ended_token_is_signed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eks, "KEPT", timedelta(0))
    assert eks.token("prod", "us-east-1") is not eks.token("prod", "us-east-1")


def test_without_credentials_it_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(Unavailable, match="no AWS credentials to sign a token for cluster prod"):
        eks.token("prod", "us-east-1")


def test_a_second_role_signs_the_token() -> None:
    with mock_aws():
        text = eks.token("prod", "us-east-1", role_arn="arn:aws:iam::123456789012:role/clusters").text
    key = parse_qs(urlsplit(address_in(text)).query)["X-Amz-Credential"][0].split("/")[0]
    assert key.startswith("ASIA")


def discovery(*kinds: Kind, stale: str = "") -> Discovery:
    served: dict[tuple[str, str], tuple[Kind, ...]] = {}
    for kind in kinds:
        served[(kind.group, kind.kind)] = (*served.get((kind.group, kind.kind), ()), kind)
    return Discovery(served, frozenset({stale} - {""}), "v1.36.3", "https://example.test")


def test_the_preferred_version_is_the_first_and_any_other_serves_the_same_object() -> None:
    v2, v1 = (Kind("autoscaling", version, "HPA", "hpas", namespaced=True) for version in ("v2", "v1"))
    known = discovery(v2, v1)
    assert known.kind("autoscaling", "HPA") is v2
    assert known.kind("autoscaling", "HPA", "v1") is v1
    assert known.kind("autoscaling", "HPA", "v2beta1") is None
    assert known.serving("autoscaling", "HPA", "v2beta1") is v2


def test_a_group_whose_server_is_down_is_not_a_group_that_does_not_exist() -> None:
    known = discovery(stale="metrics.k8s.io")
    assert known.kind("example.test", "Widget") is None
    with pytest.raises(Unavailable, match=r"the API group metrics.k8s.io of cluster https://example.test"):
        known.kind("metrics.k8s.io", "PodMetrics")
