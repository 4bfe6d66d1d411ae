"""One API server behind a pool of kept connections: who it is, how we are known there, and what is tried again.

In: a method, a path, a body. Out: the answer's JSON and headers. Raises ClusterRefused for an answer that is a no, and
Unavailable, naming the cluster, when there is no answer worth the name. It exists so that everything above speaks
of objects only.
"""

from __future__ import annotations

import random
import ssl
import tempfile
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, SSLError

from driftless.outlets.cluster.refusal import refusal, unreadable
from driftless.vocabulary.errors import Unavailable

THREADS = 12
_TIMEOUT = urllib3.Timeout(connect=3, read=30)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_ATTEMPTS = {429: 6, 502: 5, 503: 5, 504: 3, 500: 3}
"""How often one request is tried, by what it met; 500 is mostly a failing webhook, which rarely heals in a second."""
_ATTEMPTS_UNANSWERED = 4


@dataclass(frozen=True, slots=True)
class Connection:
    """`ca_data`: base64 PEM, "" = the system's authorities. `credentials(fresh)`: the headers that say who we are,

    `fresh` after the server did not know them. `client_cert`: PEM certificate and key, base64.
    """

    endpoint: str
    ca_data: str
    credentials: Callable[[bool], dict[str, str]] = field(repr=False)
    client_cert: tuple[str, str] | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Request:
    """`about` names it for a person (`Deployment payments/api`); `counted` is the verb it is counted as.

    `again`: it may be sent twice without harm. `accepted`: error statuses that the caller reads as an answer.
    """

    method: str
    path: str
    about: str
    counted: str
    body: Any = field(default=None, repr=False)
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    again: bool = False
    accepted: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


class Transport:
    """Sends requests to one API server from any thread; `requests` counts what went out, by verb."""

    def __init__(self, connection: Connection, threads: int = THREADS) -> None:
        self.endpoint = connection.endpoint.rstrip("/")
        self.requests: Counter[str] = Counter()
        self._credentials = connection.credentials
        self._lock = Lock()
        parts = urlsplit(self.endpoint)
        self._prefix = parts.path
        options: dict[str, Any] = {"maxsize": threads, "block": True, "timeout": _TIMEOUT, "retries": False}
        host = parts.hostname or ""
        self._pool: urllib3.HTTPConnectionPool = (
            urllib3.HTTPSConnectionPool(host, parts.port or 443, ssl_context=_tls(connection), **options)
            if parts.scheme == "https"
            else urllib3.HTTPConnectionPool(host, parts.port or 80, **options)
        )

    def send(self, request: Request) -> Answer:
        """Send, and send again what may be and is worth it. Raises ClusterRefused or Unavailable."""
        headers = self._headers(request)
        payload = orjson.dumps(request.body) if request.body is not None else None
        renewed, attempt = False, 0
        while True:
            attempt += 1
            answer, trouble = self._once(request, headers, payload)
            if answer is not None and (answer.status in request.accepted or _is_an_answer(answer)):
                return answer
            if answer is not None and answer.status == 401 and not renewed:
                renewed = True
                headers |= self._credentials(True)
                continue
            if not self._worth_another(request, attempt, answer, trouble):
                raise self._given_up(request, answer, trouble)
            time.sleep(_pause(attempt, answer))

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "driftless", **request.headers}
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        return headers | self._credentials(False)

    def _once(
        self, request: Request, headers: dict[str, str], payload: bytes | None
    ) -> tuple[Answer | None, HTTPError | None]:
        query = f"?{urlencode(request.query)}" if request.query else ""
        with self._lock:
            self.requests[request.counted] += 1
        try:
            response = self._pool.request(
                request.method, self._prefix + request.path + query, body=payload, headers=headers
            )
        except HTTPError as error:
            return None, error
        return Answer(response.status, _parsed(response.data), response.headers), None

    def _worth_another(self, request: Request, attempt: int, answer: Answer | None, trouble: HTTPError | None) -> bool:
        """429 says that nothing was done, and a connection that never opened carried nothing: those always."""
        if answer is not None:
            harmless = answer.status == 429 or (request.again and not unreadable(answer.status, answer.body))
            return harmless and attempt < _ATTEMPTS.get(answer.status, 0)
        harmless = request.again or isinstance(trouble, NewConnectionError)
        return harmless and not isinstance(trouble, SSLError) and attempt < _ATTEMPTS_UNANSWERED

    def _given_up(self, request: Request, answer: Answer | None, trouble: HTTPError | None) -> Exception:
        if answer is not None and answer.status < 400:
            return Unavailable(
                f"what answers at {self.endpoint} is no Kubernetes API server ({answer.status} to {request.path})",
                hint="check the cluster's endpoint, and what stands between",
            )
        if answer is not None and answer.status not in (429, 502, 503, 504):
            return refusal(answer.status, answer.body, request.about, request.body)
        if answer is not None:
            why = "is throttling us" if answer.status == 429 else f"answers {answer.status}"
            return Unavailable(f"cluster {self.endpoint} {why} ({request.counted} {request.about})")
        if isinstance(trouble, SSLError):
            return Unavailable(
                f"cluster {self.endpoint} does not prove who it is: {trouble}", hint="check the cluster's caData"
            )
        kind = type(trouble).__name__
        return Unavailable(
            f"cluster {self.endpoint} is not answering ({request.counted} {request.about}: {kind})",
            hint="check that the endpoint can be reached from here",
        )


def _is_an_answer(answer: Answer) -> bool:
    """A sign-in page or a redirect is not: read as one, it would make objects look missing."""
    return answer.status == 304 or (answer.status < 300 and isinstance(answer.body, dict))


def _pause(attempt: int, answer: Answer | None) -> float:
    """Seconds: what the server asked for, else doubling with jitter, so that many callers do not come back at once."""
    asked = answer.headers.get("Retry-After", "") if answer is not None else ""
    if asked.isdigit():
        return min(float(asked), _LONGEST_PAUSE)
    return min(_FIRST_PAUSE * 2.0 ** (attempt - 1), _LONGEST_PAUSE) * random.uniform(0.5, 1.0)


def _parsed(data: bytes) -> Any:
    try:
        return orjson.loads(data) if data else None
    except orjson.JSONDecodeError:
        return data.decode(errors="replace")


def _tls(connection: Connection) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=b64decode(connection.ca_data).decode() if connection.ca_data else None)
    if connection.client_cert:
        # ssl takes client certificates from files only; the folder is ours alone and gone at once
        with tempfile.TemporaryDirectory() as folder:
            paths = Path(folder, "cert.pem"), Path(folder, "key.pem")
            for path, data in zip(paths, connection.client_cert, strict=True):
                path.write_bytes(b64decode(data))
            context.load_cert_chain(*paths)
    return context
