"""Only the sync role's own, fresh token for this very cluster opens it; botocore signs, the stack verifies."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from devstack.eks import Authenticator, sts_hosts
from devstack.sigv4 import Identities, Identity, Request
from driftless.outlets import eks
from driftless.vocabulary.errors import Unauthorized

SYNC = Identity.of_role("arn:aws:iam::000000000000:role/driftless-SyncRole")
FETCH = Identity.of_role("arn:aws:iam::000000000000:role/driftless-FetchRole")
ENDPOINT = "http://127.0.0.1:4566"
AUTHENTICATOR = Authenticator(Identities([SYNC, FETCH]), SYNC.arn, sts_hosts(ENDPOINT))


def credentials(of: Identity, secret: str = "") -> Credentials:
    return Credentials(of.access_key, secret or of.secret, of.token or None)


def token(of: Identity = SYNC, cluster: str = "in-cluster", host: str = ENDPOINT, **changes: Any) -> str:
    action, expires = changes.get("action", "GetCallerIdentity"), changes.get("expires", 60)
    headers = {"x-k8s-aws-id": cluster} if cluster else {}
    request = AWSRequest(method="GET", url=f"{host}/?Action={action}&Version=2011-06-15", headers=headers)
    signer = SigV4QueryAuth(credentials(of, changes.get("secret", "")), "sts", "us-east-1", expires=expires)
    signer.add_auth(request)
    return "k8s-aws-v1." + base64.urlsafe_b64encode(str(request.url).encode()).decode().rstrip("=")


def review(text: str, after: timedelta = timedelta()) -> dict[str, Any]:
    asked = {"spec": {"token": text}}
    status: dict[str, Any] = AUTHENTICATOR.review("in-cluster", asked, datetime.now(UTC) + after)["status"]
    return status


def test_our_own_token_is_the_sync_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", ENDPOINT)
    status = review(eks.sign("in-cluster", "us-east-1", credentials(SYNC)))
    assert status["authenticated"] is True
    assert status["user"]["username"] == "driftless-sync" and status["user"]["groups"] == ["driftless:sync"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "not one that EKS takes", id="empty"),
        pytest.param("k8s-aws-v1.%%%", "no address", id="not-base64"),
        pytest.param(token(cluster="other-cluster"), "does not match", id="other-cluster"),
        pytest.param(token(cluster=""), "name of a cluster", id="no-cluster"),
        pytest.param(token(secret="guessed"), "does not match", id="guessed-secret"),
        pytest.param(token(of=FETCH), "no access entry", id="other-role"),
        pytest.param(token(of=Identity.of_role(SYNC.arn)), "known key", id="unknown-key"),
        pytest.param(token(host="http://sts.example.com"), "not STS", id="other-host"),
        pytest.param(token(action="GetSessionToken"), "other than GetCallerIdentity", id="other-action"),
        pytest.param(token(expires=3600), "15 minutes", id="long-lived"),
    ],
)
def test_another_token_is_refused_with_the_reason(text: str, why: str) -> None:
    status = review(text)
    assert status["authenticated"] is False and why in status["error"]


def test_a_token_ends_after_a_quarter_of_an_hour() -> None:
    good = token()
    assert review(good, timedelta(minutes=14))["authenticated"] is True
    assert review(good, timedelta(minutes=16))["authenticated"] is False


@pytest.mark.parametrize("path", ["/", "/iam/api/v1/applications", "/iam/a%20b", "/iam/a%2Fb?b=2&a=1&a="])
def test_a_request_that_botocore_signed_is_known(path: str) -> None:
    assert Identities([SYNC]).signer(signed(path), "execute-api", datetime.now(UTC)) == SYNC


def signed(path: str, body: bytes = b"{}") -> Request:
    request = AWSRequest(method="POST", url=f"http://127.0.0.1:8080{path}", data=body)
    SigV4Auth(credentials(SYNC), "execute-api", "us-east-1").add_auth(request)
    headers = {k.lower(): str(v) for k, v in request.headers.items()} | {"host": "127.0.0.1:8080"}
    target, _, query = path.partition("?")
    return Request("POST", target, query, headers, body)


@pytest.mark.parametrize(
    "change",
    [{"body": b"{ }"}, {"method": "DELETE"}, {"path": "/elsewhere"}, {"query": "a=1"}, {"headers": {}}],
    ids=["body", "method", "path", "query", "headers"],
)
def test_a_request_changed_after_signing_is_refused(change: dict[str, Any]) -> None:
    request = Request(**(vars(signed("/iam")) | change))
    with pytest.raises(Unauthorized):
        Identities([SYNC]).signer(request, "execute-api", datetime.now(UTC))
