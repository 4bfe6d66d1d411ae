"""One HTTP request and one answer, as values; the HTTP API's payload format 2.0 is known here and nowhere else.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from driftless.vocabulary.errors import Refused, TooLarge

BODY_CAP = 1024 * 1024
"""Bytes of one body: an Application manifest is far below."""


@dataclass(frozen=True, slots=True)
class Request:
    """`path` is without the prefix /iam, which `iam_door` tells; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    cookies: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    iam_door: bool = False
    iam_arn: str = ""
    """Who signed the request, as API Gateway verified it; "" elsewhere."""

    def first(self, name: str, default: str = "") -> str:
        values = self.query.get(name)
        return values[0] if values else default

    def flag(self, name: str) -> bool | None:
        """A boolean of the query; None when it is not given. Raises Refused for anything but true and false."""
        text = self.first(name).lower()
        if text not in ("", "true", "false", "1", "0"):
            raise Refused(f"the query parameter {name} must be true or false, not {text[:40]!r}")
        return None if text == "" else text in ("true", "1")

    def document(self) -> dict[str, Any]:
        """The body as a JSON object; an empty body is {}. Raises Refused."""
        try:
            value = json.loads(self.body or b"{}")
            if b"\\ud" in self.body.lower():
                json.dumps(value, ensure_ascii=False).encode()  # half of a character pair is nothing that can be stored
        except (ValueError, RecursionError) as cause:
            raise Refused("the request's body is not JSON") from cause
        if not isinstance(value, dict):
            raise Refused("the request's body must be a JSON object")
        return value

    def form(self) -> dict[str, str]:
        """The body of a form's POST."""
        return {k: v[0] for k, v in parse_qs(self.body.decode(errors="replace"), keep_blank_values=True).items()}


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is a JSON document, or text whose type `headers` name."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()

    def as_payload(self) -> dict[str, Any]:
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        headers = {"content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff"}
        payload: dict[str, Any] = {"statusCode": self.status, "headers": headers | dict(self.headers), "body": text}
        return payload | ({"cookies": list(self.cookies)} if self.cookies else {})


def parse(event: Mapping[str, Any]) -> Request:
    """Raises Refused for a body that is not what it is said to be, TooLarge over the cap."""
    context = event.get("requestContext") or {}
    path = str(event.get("rawPath") or "/")
    iam_door = path.startswith("/iam/")
    headers = {str(k).lower(): str(v) for k, v in (event.get("headers") or {}).items()}
    iam = (context.get("authorizer") or {}).get("iam") or {}
    return Request(
        method=str((context.get("http") or {}).get("method") or "GET").upper(),
        path=path.removeprefix("/iam") if iam_door else path,
        query=parse_qs(str(event.get("rawQueryString") or ""), keep_blank_values=True),
        headers=headers,
        cookies=_cookies(event, headers),
        body=_body(event),
        iam_door=iam_door,
        iam_arn=str(iam.get("userArn") or "") if iam_door else "",
    )


def _cookies(event: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, str]:
    jar = SimpleCookie()
    try:
        jar.load("; ".join(event.get("cookies") or ()) or headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def _body(event: Mapping[str, Any]) -> bytes:
    body = str(event.get("body") or "")
    if len(body) > BODY_CAP * 4 // 3:
        raise TooLarge(f"the request's body is over the cap of {BODY_CAP} bytes")
    if not event.get("isBase64Encoded"):
        return body.encode(errors="replace")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as cause:
        raise Refused("the request's body is not the base64 that it is said to be") from cause
