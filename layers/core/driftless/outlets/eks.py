"""Tokens for an EKS cluster, minted from the role this process runs as; no cluster credential is stored anywhere.

In: the cluster's name and region. Out: a bearer token. It is a signed STS GetCallerIdentity address that the cluster
calls to learn who we are (the form is aws-iam-authenticator's). Signing needs no network, so a VPC without NAT will
do; only `role_arn`, a second role to take on first, asks STS.
"""

from __future__ import annotations

import base64
import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

from driftless.vocabulary.errors import Unavailable

if TYPE_CHECKING:
    from botocore.credentials import Credentials

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
SIGNED_FOR = 60
"""Seconds in the address itself; EKS takes the token for 15 minutes after its signing date whatever stands here."""
KEPT = timedelta(minutes=9)


@dataclass(frozen=True, slots=True)
class Token:
    """`text` goes behind "Bearer"; `expires` is when we stop using it, well before EKS does."""

    text: str = field(repr=False)
    expires: datetime


_tokens: dict[tuple[str, str, str], Token] = {}
_lock = Lock()


def token(cluster_name: str, region: str, *, role_arn: str = "", fresh: bool = False) -> Token:
    """The process' token for one cluster; signed anew when it is about to end or `fresh` is asked for.

    Raises Unavailable when this process has no AWS credentials, or the role cannot be taken on.
    """
    key = (cluster_name, region, role_arn)
    with _lock:
        kept = _tokens.get(key)
        if kept and not fresh and datetime.now(UTC) < kept.expires:
            return kept
        expires = datetime.now(UTC) + KEPT
        _tokens[key] = Token(sign(cluster_name, region, _credentials(cluster_name, region, role_arn)), expires)
        return _tokens[key]


def sign(cluster_name: str, region: str, credentials: Credentials) -> str:
    """The token's text: the signed address, base64url without padding, behind its prefix."""
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest

    address = f"{_sts(region)}/?Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest(method="GET", url=address, headers={CLUSTER_HEADER: cluster_name})
    SigV4QueryAuth(credentials, "sts", region, expires=SIGNED_FOR).add_auth(request)
    return PREFIX + base64.urlsafe_b64encode(str(request.url).encode()).decode().rstrip("=")


def _sts(region: str) -> str:
    """The regional STS endpoint: the only one EKS accepts everywhere; a local stack names its own."""
    local = os.environ.get("AWS_ENDPOINT_URL_STS") or os.environ.get("AWS_ENDPOINT_URL")
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return local.rstrip("/") if local else f"https://sts.{region}.{suffix}"


def _credentials(cluster_name: str, region: str, role_arn: str) -> Credentials:
    from botocore.session import get_session

    own = get_session().get_credentials()
    if own is None:
        raise Unavailable(
            f"no AWS credentials to sign a token for cluster {cluster_name} with",
            hint="set AWS_PROFILE or AWS_ACCESS_KEY_ID, or run in a function with a role",
        )
    if not role_arn:
        return own.get_frozen_credentials()  # type: ignore[return-value]  # the stubs know only the refreshing form
    return _taken_on(role_arn, region, own)


def _taken_on(role_arn: str, region: str, own: Any) -> Credentials:
    from botocore.config import Config
    from botocore.credentials import Credentials
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.session import get_session

    frozen = own.get_frozen_credentials()
    client: Any = get_session().create_client(
        "sts",
        region_name=region,
        endpoint_url=_sts(region),
        aws_access_key_id=frozen.access_key,
        aws_secret_access_key=frozen.secret_key,
        aws_session_token=frozen.token,
        config=Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}),
    )
    try:
        answer = client.assume_role(RoleArn=role_arn, RoleSessionName=f"driftless-{int(time.time())}")["Credentials"]
    except (BotoCoreError, ClientError) as error:
        code = getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__)
        raise Unavailable(
            f"role {role_arn} cannot be taken on ({code})",
            hint="let the sync role assume it; in a VPC without NAT, add an STS interface endpoint",
        ) from error
    return Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
