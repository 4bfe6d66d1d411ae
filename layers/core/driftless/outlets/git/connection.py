"""dulwich's HTTP client, held to our limits: checked peers, timeouts, a cap on what is read, no credentials in errors.

In: the URL to ask and credentials for it. Out: a client for one look-up and the fetches that follow from it.
Two requests are saved: a server's capabilities are kept for some minutes, and a fetch does not list the refs again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

import urllib3
from dulwich.client import Urllib3HttpGitClient
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from driftless.outlets.git.address import refuse_peer
from driftless.outlets.git.errors import refuse_status
from driftless.vocabulary.errors import SourceError
from driftless.vocabulary.git import shown

MAX_BYTES = 1 << 30
"""What one answer may bring, compressed: 1 GiB."""
MAX_SECONDS = 90.0
"""How long one answer may take in all; a fetch function has 120 s."""
ADVERTISED_FOR = 300.0
"""Seconds that a server's capabilities are believed; they say nothing about the repository's content."""

_FIRST = 256
_Advertisement = tuple[float, bytes, str, str]
_advertisements: dict[str, _Advertisement] = {}


class _Plain(HTTPConnection):
    def _new_conn(self) -> Any:
        return _checked(super()._new_conn())


class _Tls(HTTPSConnection):
    def _new_conn(self) -> Any:
        return _checked(super()._new_conn())


def _checked(sock: Any) -> Any:
    try:
        refuse_peer(*sock.getpeername()[:2])
    except SourceError:
        sock.close()
        raise
    return sock


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


@cache
def pools() -> urllib3.PoolManager:
    """The process' connections. Reading a repository twice does no harm, so a broken connection is tried again."""
    retries = urllib3.Retry(total=4, connect=2, read=1, redirect=3, status=0, backoff_factor=0.1, allowed_methods=None)
    manager = urllib3.PoolManager(num_pools=16, maxsize=8, retries=retries, timeout=urllib3.Timeout(connect=5, read=30))
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
    manager.headers = {"User-Agent": "git/driftless"}
    return manager


class Client(Urllib3HttpGitClient):
    """One conversation about one repository: the refs are listed at most once."""

    def __init__(self, url: str, username: str | None, password: str | None) -> None:
        super().__init__(url, pool_manager=pools(), username=username, password=password, quiet=True)
        self._url = url
        self._known = username is not None
        self._discovered: Any = None
        self._said = b""
        self.max_bytes = MAX_BYTES

    def _discover_references(
        self,
        service: bytes,
        base_url: str,
        protocol_version: int | None = None,
        ref_prefix: Sequence[bytes] | None = None,
    ) -> Any:
        if self._discovered is None:
            wanted = ref_prefix or [b"HEAD"]
            self._discovered = super()._discover_references(service, base_url, protocol_version, wanted)
        return self._discovered

    @property
    def refused_want(self) -> bool:
        """Whether the last answer began with upload-pack's refusal of an object that it does not have."""
        return b"not our ref" in self._said

    @property
    def filters(self) -> bool:
        """Whether the server leaves out what we do not want yet (partial clone). Known after the refs were listed."""
        capabilities: set[bytes] = self._discovered[1] if self._discovered else set()
        fetch = next((c for c in capabilities if c.startswith(b"fetch=")), b"")
        return self.protocol_version == 2 and b"filter" in fetch.removeprefix(b"fetch=").split()

    def _http_request(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        data: bytes | Iterator[bytes] | None = None,
        raise_for_status: bool = True,
    ) -> tuple[Any, Callable[[int], bytes]]:
        kept = _advertisements.get(url) if data is None else None
        if kept and kept[0] > time.monotonic():
            return _replayed(kept)
        response, read = super()._http_request(url, headers, data, raise_for_status=False)
        if response.status != 200:
            response.close()
            refuse_status(response.status, self._url, self._known)
        self._said = b""
        read = self._limited(read)
        return self._kept(url, response, read) if data is None else (response, read)

    def _kept(self, url: str, response: Any, read: Callable[[int], bytes]) -> tuple[Any, Callable[[int], bytes]]:
        """Keep a version 2 advertisement: it lists capabilities, where version 0 lists refs."""
        if not (response.content_type or "").startswith("application/x-git-"):
            response.close()
            said = f"{shown(self._url)} does not speak Git's smart HTTP protocol"
            raise SourceError("revision", said, hint="check repoURL")
        body = b"".join(iter(lambda: read(65536), b""))
        until = time.monotonic() + ADVERTISED_FOR
        advertisement = (until, body, response.content_type or "", response.redirect_location or "")
        if b"version 2\n" in body[:100]:
            _advertisements[url] = advertisement
        response.release_conn()
        return _replayed(advertisement)

    def _limited(self, read: Callable[[int], bytes]) -> Callable[[int], bytes]:
        left, until = self.max_bytes, time.monotonic() + MAX_SECONDS

        def limited(size: int) -> bytes:
            nonlocal left
            chunk = read(size)
            left -= len(chunk)
            self._said += chunk[: _FIRST - len(self._said)]
            if left < 0:
                hint = "keep large files out of it, or in Git LFS"
                raise SourceError(
                    "revision", f"{shown(self._url)} sends more than {self.max_bytes >> 20} MiB", hint=hint
                )
            if time.monotonic() > until:
                raise TimeoutError(f"longer than {MAX_SECONDS:.0f} s")
            return chunk

        return limited


def _replayed(advertisement: _Advertisement) -> tuple[Any, Callable[[int], bytes]]:
    from io import BytesIO

    _, body, content_type, redirected = advertisement
    response = SimpleNamespace(content_type=content_type, redirect_location=redirected, close=lambda: None)
    return response, BytesIO(body).read
