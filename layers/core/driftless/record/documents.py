"""JSON documents inside items: compressed, and beyond a bound moved to S3, so that an item stays far below 400 KB."""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import Any, Protocol

INLINE_BYTES = 128 * 1024
PREFIX = "documents"


class Blobs(Protocol):
    def put(self, prefix: str, digest: str, data: bytes) -> None: ...

    def get(self, prefix: str, digest: str) -> bytes: ...


def pack(document: Any, blobs: Blobs) -> bytes | str:
    """Bytes when the document fits in the item, else the digest under which it was stored first."""
    data = zlib.compress(json.dumps(document, separators=(",", ":")).encode(), 3)
    if len(data) <= INLINE_BYTES:
        return data
    digest = hashlib.sha256(data).hexdigest()
    blobs.put(PREFIX, digest, data)
    return digest


def unpack(packed: bytes | str | None, blobs: Blobs) -> Any:
    if packed is None:
        return None
    data = packed if isinstance(packed, bytes) else blobs.get(PREFIX, packed)
    return json.loads(zlib.decompress(data))
