"""The stack's HTTP API: routes of template.yaml in front of their functions, in payload format 2.0.

In: an HTTP request on loopback. Out: what the function answered, or API Gateway's own 403, 404, 413, 500 or 503.
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from devstack.functions import Functions
from devstack.runtimeapi import Answer
from devstack.sigv4 import Identities, Identity, Request
from devstack.template import ACCOUNT, Function
from driftless.vocabulary.errors import Unauthorized

LARGEST = 10 * 1024 * 1024
TEXT = re.compile(r"^(text/|application/(.*\+)?(json|xml|javascript)\b)", re.IGNORECASE)


@dataclass(frozen=True)
class Route:
    """`key` is the route key, `pattern` its path as an expression with one group per parameter."""

    key: str
    method: str
    pattern: re.Pattern[str]
    function: str
    iam: bool

    @property
    def rank(self) -> tuple[bool, int, bool]:
        """API Gateway's choice: a full match before a greedy one, the longer path, a named method before ANY."""
        return "+" in self.key, -self.key.count("/"), self.method == "ANY"


@dataclass(frozen=True)
class Response:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def routes(functions: list[Function]) -> list[Route]:
    """Every HttpApi event of the template, the most specific first."""
    found = []
    for function in functions:
        for event in function.events:
            if event.kind == "HttpApi":
                method, path = str(event.properties["Method"]).upper(), str(event.properties["Path"])
                iam = event.properties.get("Auth", {}).get("Authorizer") == "AWS_IAM"
                found.append(Route(f"{method} {path}", method, _pattern(path), function.name, iam))
    return sorted(found, key=lambda route: route.rank)


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+\+?\})", path)
    texts = [p if p.startswith("{") else re.escape(p) for p in parts]
    expression = "".join(re.sub(r"^\{(\w+)\}$", r"(?P<\1>[^/]+)", t) for t in texts)
    return re.compile(re.sub(r"\{(\w+)\+\}", r"(?P<\1>.+)", expression))


class HttpApi:
    """`answer` serves one request; it is safe to call from many threads."""

    def __init__(self, functions: Functions, identities: Identities) -> None:
        self.functions = functions
        self.identities = identities
        self.routes = routes(list(functions.declared.values()))

    def answer(self, request: Request, source_ip: str) -> Response:
        if len(request.body) > LARGEST:
            return _message(413, "Request Entity Too Large")
        for route in self.routes:
            match = route.pattern.fullmatch(request.path)
            if match and route.method in (request.method, "ANY"):
                return self._through(route, match.groupdict(), request, source_ip)
        return _message(404, "Not Found")

    def _through(self, route: Route, parameters: dict[str, str], request: Request, source_ip: str) -> Response:
        identity = None
        if route.iam:
            try:
                identity = self.identities.signer(request, "execute-api", datetime.now(UTC))
            except Unauthorized:
                return _message(403, "Forbidden")
        event = _event(route, parameters, request, source_ip)
        if identity:
            event["requestContext"]["authorizer"] = {"iam": _iam(identity)}
        return _response(self.functions.invoke(route.function, json.dumps(event).encode()))


def _event(route: Route, parameters: dict[str, str], request: Request, source_ip: str) -> dict[str, Any]:
    headers = {k: v for k, v in request.headers.items() if k != "cookie"}
    cookies = [c.strip() for c in request.headers.get("cookie", "").split(";") if c.strip()]
    is_text = not request.body or TEXT.match(headers.get("content-type", "text/plain")) is not None
    try:
        body = request.body.decode() if is_text else base64.b64encode(request.body).decode()
    except UnicodeDecodeError:
        body, is_text = base64.b64encode(request.body).decode(), False
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": unquote(request.path),
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": _context(route, request, source_ip),
        "isBase64Encoded": not is_text,
    }
    optional = {
        "cookies": cookies,
        "queryStringParameters": _query(request.query),
        "pathParameters": {k: unquote(v) for k, v in parameters.items()},
        "body": body,
    }
    return event | {k: v for k, v in optional.items() if v}


def _query(text: str) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _context(route: Route, request: Request, source_ip: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    host = request.headers.get("host", "")
    http = {
        "method": request.method,
        "path": unquote(request.path),
        "protocol": "HTTP/1.1",
        "sourceIp": source_ip,
        "userAgent": request.headers.get("user-agent", ""),
    }
    return {
        "accountId": ACCOUNT,
        "apiId": "local",
        "domainName": host,
        "domainPrefix": host.split(".")[0],
        "http": http,
        "requestId": str(uuid.uuid4()),
        "routeKey": route.key,
        "stage": "$default",
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }


def _iam(identity: Identity) -> dict[str, Any]:
    return {
        "accessKey": identity.access_key,
        "accountId": ACCOUNT,
        "callerId": identity.access_key,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": identity.arn,
        "userId": identity.access_key,
    }


def _response(answer: Answer) -> Response:
    """Lambda's answer as HTTP: a document with a statusCode, or anything else as JSON with 200."""
    if answer.error:
        timed_out = b"Sandbox.Timedout" in answer.payload
        return _message(503, "Service Unavailable") if timed_out else _message(500, "Internal Server Error")
    try:
        document = json.loads(answer.payload or b"null")
        if not isinstance(document, dict) or "statusCode" not in document:
            return Response(200, (("content-type", "application/json"),), answer.payload)
        text = document.get("body") or ""
        text = text if isinstance(text, str) else json.dumps(text)
        body = base64.b64decode(text, validate=True) if document.get("isBase64Encoded") else text.encode()
        return Response(int(document["statusCode"]), _headers(document), body)
    except (ValueError, TypeError, binascii.Error):
        return _message(500, "Internal Server Error")


def _headers(document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    given = {str(k).lower(): str(v) for k, v in (document.get("headers") or {}).items()}
    headers = {"content-type": "text/plain;charset=UTF-8"} | given
    cookies = [("set-cookie", str(c)) for c in document.get("cookies") or []]
    return (*((k, v) for k, v in headers.items() if k != "content-length"), *cookies)


def _message(status: int, text: str) -> Response:
    return Response(status, (("content-type", "application/json"),), json.dumps({"message": text}).encode())
