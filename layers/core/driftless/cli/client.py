"""The REST API, asked: JSON out, JSON in; who we are comes from the environment, what is refused becomes a Stop.

DRIFTLESS_URL and DRIFTLESS_TOKEN, or --server and --auth-token. With DRIFTLESS_AUTH=iam requests are signed with the
AWS credentials at hand instead, and go to the addresses under /iam.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from typing import Any
from urllib.parse import quote, urlencode

from driftless.cli.exits import Stop

HOW = 'for the local stack: eval "$(scripts/driftless dev env)"'
TIMEOUT_SECONDS = 40.0


class NotThere(Stop):
    """404: the thing does not exist (any more)."""


class Client:
    """`base` is the console's address without a slash at its end."""

    def __init__(self, base: str, token: str = "", *, iam: bool = False) -> None:
        import urllib3

        self.base = base.rstrip("/")
        self._token = token
        self._iam = iam
        self._pool = urllib3.PoolManager(timeout=TIMEOUT_SECONDS, retries=False)
        self.outcome = ""
        """Of the last write: created, unchanged or updated."""

    def get(self, *path: str, **query: str) -> Any:
        return self.call("GET", path, None, query)

    def post(self, *path: str, body: Any, **query: str) -> Any:
        return self.call("POST", path, body, query)

    def put(self, *path: str, body: Any) -> Any:
        return self.call("PUT", path, body, {})

    def patch(self, *path: str, body: Any) -> Any:
        return self.call("PATCH", path, body, {})

    def delete(self, *path: str, **query: str) -> Any:
        return self.call("DELETE", path, None, query)

    def call(self, method: str, path: tuple[str, ...], body: Any, query: dict[str, str]) -> Any:
        """One request; `path` is steps below /api/v1. Raises Stop with the server's sentence, NotThere for a 404."""
        import urllib3

        door = "/iam" if self._iam else ""
        steps = "/".join(quote(step, safe="") for step in path)
        given = {key: value for key, value in query.items() if value}
        url = f"{self.base}{door}/api/v1/{steps}" + (f"?{urlencode(given)}" if given else "")
        data = None if body is None else json.dumps(body).encode()
        try:
            answer = self._pool.request(method, url, body=data, headers=self._headers(method, url, data))
        except urllib3.exceptions.HTTPError as error:
            raise Stop(f"the console at {self.base} is not answering ({type(error).__name__}); {HOW}") from None
        self.outcome = answer.headers.get("x-driftless-outcome", "")
        _warn(answer.headers.get("warning", ""))
        return _read(answer.status, answer.data, self.base)

    def _headers(self, method: str, url: str, data: bytes | None) -> dict[str, str]:
        headers = {"content-type": "application/json", "accept": "application/json"}
        if self._iam:
            return _signed(method, url, data, headers)
        return headers | {"authorization": f"Bearer {self._token}"}


def connect(args: argparse.Namespace) -> Client:
    """Raises Stop saying what to set."""
    base = args.server or os.environ.get("DRIFTLESS_URL", "")
    token = args.auth_token or os.environ.get("DRIFTLESS_TOKEN", "")
    iam = os.environ.get("DRIFTLESS_AUTH", "") == "iam" and not args.auth_token
    if not base:
        raise Stop(f"no console address is known: set DRIFTLESS_URL or pass --server; {HOW}")
    if not re.match(r"https?://", base):
        base = f"https://{base}"
    if not token and not iam:
        raise Stop(f"no token is known: set DRIFTLESS_TOKEN, pass --auth-token, or set DRIFTLESS_AUTH=iam; {HOW}")
    return Client(base, token, iam=iam)


def _read(status: int, data: bytes, base: str) -> Any:
    try:
        document = json.loads(data or b"{}")
    except ValueError:
        document = None
    if 200 <= status < 300 and document is not None:
        return document
    if isinstance(document, dict) and document.get("message"):
        text = str(document["message"])
    else:
        text = f"the console at {base} answered {status} without an explanation; is this its address?"
    raise (NotThere if status == 404 else Stop)(text)


def _warn(header: str) -> None:
    for text in re.findall(r'299 driftless ("(?:[^"\\]|\\.)*")', header):
        print(f"warning: {json.loads(text)}", file=sys.stderr)


def _signed(method: str, url: str, data: bytes | None, headers: dict[str, str]) -> dict[str, str]:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.session import Session

    session = Session()
    credentials = session.get_credentials()
    region = session.get_config_variable("region") or os.environ.get("AWS_REGION", "")
    if credentials is None or not region:
        raise Stop("DRIFTLESS_AUTH=iam needs AWS credentials and a region: set AWS_PROFILE and AWS_REGION")
    request = AWSRequest(method=method, url=url, data=data, headers=headers)
    SigV4Auth(credentials, "execute-api", region).add_auth(request)
    return dict(request.headers.items())
