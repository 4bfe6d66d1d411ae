"""Who signed a request: AWS Signature Version 4, verified with the local stack's own keys.

In: a request as received, signed in its headers or in its address. Out: the identity whose secret made the signature.
ministack takes any signature; what stands for API Gateway's IAM authorizer and for EKS must not.
Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from driftless.vocabulary.errors import Unauthorized

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW = timedelta(minutes=15)
CREDENTIAL = re.compile(r"^([A-Za-z0-9]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request$")


@dataclass(frozen=True)
class Identity:
    """One key pair and whom it belongs to; `token` is the session token of a role's keys, "" for a user's."""

    access_key: str
    secret: str
    token: str
    arn: str

    @classmethod
    def of_role(cls, arn: str) -> Identity:
        """New keys for a role, as Lambda gets them for each function."""
        return cls(f"ASIA{secrets.token_hex(8).upper()}", secrets.token_hex(20), secrets.token_hex(24), arn)


@dataclass(frozen=True)
class Request:
    """What was received; header names in lower case, `path` and `query` as on the wire."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


class Identities:
    """Everyone whose signature the local stack knows."""

    def __init__(self, known: list[Identity]) -> None:
        self.by_key = {identity.access_key: identity for identity in known}

    def signer(self, request: Request, service: str, now: datetime) -> Identity:
        """Who signed the headers of `request`. Unauthorized if nobody known did, for this service, lately."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        parts = dict(p.strip().partition("=")[::2] for p in rest.split(","))
        if scheme != ALGORITHM or not {"Credential", "SignedHeaders", "Signature"} <= parts.keys():
            raise Unauthorized("the request is not signed", hint="sign it with AWS Signature Version 4")
        stamp = request.headers.get("x-amz-date", "")
        _check_time(stamp, now, SKEW)
        claimed = request.headers.get("x-amz-content-sha256")
        payload = hashlib.sha256(request.body).hexdigest()
        if claimed not in (None, payload, "UNSIGNED-PAYLOAD"):
            raise Unauthorized("the body is not the one that was signed")
        pairs = parse_qsl(request.query, keep_blank_values=True)
        return self._check(request, pairs, parts, (stamp, service, claimed or payload))

    def presigner(self, url: str, headers: Mapping[str, str], service: str, now: datetime) -> Identity:
        """Who signed the address `url`; `headers` are those sent with it. Raises as `signer` does."""
        address = urlsplit(url)
        pairs = parse_qsl(address.query, keep_blank_values=True)
        given = dict(pairs)
        if given.get("X-Amz-Algorithm") != ALGORITHM or len(given) != len(pairs):
            raise Unauthorized("the address is not signed with AWS Signature Version 4")
        parts = {name: given.get(f"X-Amz-{name}", "") for name in ("Credential", "SignedHeaders", "Signature")}
        _check_time(given.get("X-Amz-Date", ""), now, SKEW)
        request = Request("GET", address.path, address.query, {**headers, "host": address.netloc})
        unsigned = [(k, v) for k, v in pairs if k != "X-Amz-Signature"]
        payload = hashlib.sha256(b"").hexdigest()
        return self._check(request, unsigned, parts, (given.get("X-Amz-Date", ""), service, payload))

    def _check(
        self, request: Request, pairs: list[tuple[str, str]], parts: Mapping[str, str], context: tuple[str, str, str]
    ) -> Identity:
        stamp, service, payload = context
        scope = CREDENTIAL.match(parts["Credential"])
        identity = self.by_key.get(scope.group(1)) if scope else None
        if not scope or not identity or scope.group(4) != service or scope.group(2) != stamp[:8]:
            raise Unauthorized(f"the request is not signed by a known key for {service}")
        query = "&".join(sorted(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in pairs))
        names = parts["SignedHeaders"].split(";")
        if "host" not in names or any(name not in request.headers for name in names):
            raise Unauthorized("a signed header is missing")
        lines = "".join(f"{name}:{' '.join(request.headers[name].split())}\n" for name in names)
        for path in _paths(request.path):
            canonical = "\n".join((request.method, path, query, lines, parts["SignedHeaders"], payload))
            if hmac.compare_digest(_signature(identity.secret, scope, stamp, canonical), parts["Signature"]):
                return identity
        raise Unauthorized("the signature does not match the request")


def _paths(path: str) -> set[str]:
    """Clients encode the path once more for signing, or do not (curl); both are accepted, as API Gateway does."""
    path = path or "/"
    return {path, quote(path, safe="/-_.~"), quote(unquote(path), safe="/-_.~")}


def _signature(secret: str, scope: re.Match[str], stamp: str, canonical: str) -> str:
    _, day, region, service = scope.groups()
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"{ALGORITHM}\n{stamp}\n{day}/{region}/{service}/aws4_request\n{digest}"
    return hmac.digest(key, text.encode(), "sha256").hex()


def _check_time(stamp: str, now: datetime, allowed: timedelta) -> None:
    try:
        signed = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise Unauthorized("the request names no signing date") from None
    if abs(now - signed) > allowed:
        raise Unauthorized(f"the signature is from {signed:%Y-%m-%d %H:%M:%S} UTC and no longer good")
