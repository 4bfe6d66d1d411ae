"""Who asks? The seam where OIDC and accounts come in later; at present an administrator's token, or an IAM principal.

In: a request and the administrator's token. Out: an Identity, or Unauthorized. A browser's cookie holds the same
token and counts only where no other site can make the browser send it (SameSite=Strict, and the fetch metadata).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from driftless.console.request import Request
from driftless.vocabulary.errors import Unauthorized

COOKIE = "driftless-token"
SAFE_METHODS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Identity:
    """`name` is what operations and history carry as `initiatedBy.username`; `issuer` who vouches for it."""

    name: str
    issuer: str
    groups: tuple[str, ...] = ()


def verify(request: Request, token: Callable[[], str]) -> Identity:
    """Raises Unauthorized. The token is compared in constant time and only read when somebody shows one."""
    if request.iam_door:
        if request.iam_arn:
            return Identity(request.iam_arn, "iam")
        raise Unauthorized(
            "this address takes requests signed with AWS credentials only", hint="set DRIFTLESS_AUTH=iam"
        )
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and shown.strip():
        return check(shown.strip(), token)
    cookie = request.cookies.get(COOKIE, "")
    if cookie and (request.method in SAFE_METHODS or _same_origin(request)):
        return check(cookie, token)
    raise Unauthorized("no token was shown", hint="set DRIFTLESS_TOKEN, or pass --auth-token")


def check(shown: str, token: Callable[[], str]) -> Identity:
    """The administrator, when `shown` is the token. Raises Unauthorized."""
    valid = token()
    if not valid or not hmac.compare_digest(shown.encode(), valid.encode()):
        raise Unauthorized("the token is not valid", hint="the secret named ConsoleToken in the stack holds it")
    return Identity("admin", "driftless", ("role:admin",))


def _same_origin(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site:
        return site == "same-origin"
    origin = request.headers.get("origin", "")
    return bool(origin) and origin.partition("://")[2] == request.headers.get("host", "")
