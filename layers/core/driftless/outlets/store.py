"""The S3 bucket of immutable hand-overs, named by digest: artifacts and bundles. Written once, never changed.

A copy of what this process wrote or read stays in /tmp up to a bound, so that a warm function reads S3 once.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from driftless.outlets import aws, settings
from driftless.vocabulary.errors import NotFound

CACHE_BYTES = 256 * 1024 * 1024
TRIMMED_AFTER = 16
"""Looking through the whole folder is worth it once in a sixteenth of the bound, not after each file."""


class Store:
    """`prefix` is one of "artifacts", "bundles", "documents"; `digest` a lower-case SHA-256."""

    def __init__(self, bucket: str | None = None, cache: Path | None = None) -> None:
        self.bucket = bucket or settings.bucket()
        self._cache = cache or Path(tempfile.gettempdir()) / "driftless-store" / self.bucket
        self._cache.mkdir(parents=True, exist_ok=True)
        self._untrimmed = CACHE_BYTES  # what an earlier process left is not known

    def put(self, prefix: str, digest: str, data: bytes) -> None:
        """Store once; a second put of the same digest costs nothing while this process remembers it."""
        local = self._local(prefix, digest)
        if local.exists():
            return
        try:
            aws.client("s3").put_object(Bucket=self.bucket, Key=f"{prefix}/{digest}", Body=data)
        except Exception as error:
            raise aws.unavailable(error, f"the S3 bucket {self.bucket}") or error from error
        self._remember(local, data)

    def get(self, prefix: str, digest: str) -> bytes:
        """Raises NotFound when nobody stored that digest."""
        local = self._local(prefix, digest)
        with contextlib.suppress(FileNotFoundError):
            return local.read_bytes()
        try:
            answer = aws.client("s3").get_object(Bucket=self.bucket, Key=f"{prefix}/{digest}")
            data: bytes = answer["Body"].read()
        except Exception as error:
            if aws.error_code(error) in ("NoSuchKey", "404", "AccessDenied"):
                raise NotFound(f"{prefix}/{digest[:12]} is not in the bucket {self.bucket}") from error
            raise aws.unavailable(error, f"the S3 bucket {self.bucket}") or error from error
        self._remember(local, data)
        return data

    def has(self, prefix: str, digest: str) -> bool:
        if self._local(prefix, digest).exists():
            return True
        try:
            aws.client("s3").head_object(Bucket=self.bucket, Key=f"{prefix}/{digest}")
        except Exception as error:
            if aws.error_code(error) in ("404", "NoSuchKey", "403"):
                return False
            raise aws.unavailable(error, f"the S3 bucket {self.bucket}") or error from error
        return True

    def _local(self, prefix: str, digest: str) -> Path:
        return self._cache / f"{prefix}-{digest}"

    def _remember(self, local: Path, data: bytes) -> None:
        if len(data) > CACHE_BYTES // 8:
            return
        descriptor, temporary = tempfile.mkstemp(dir=self._cache)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(temporary).replace(local)
        self._untrimmed += len(data)
        if self._untrimmed > CACHE_BYTES // TRIMMED_AFTER:
            self._trim()

    def _trim(self) -> None:
        """Threads and processes share the folder: what another one has just renamed or removed is passed over."""
        self._untrimmed = 0
        sizes: dict[Path, tuple[float, int]] = {}
        for file in self._cache.iterdir():
            with contextlib.suppress(FileNotFoundError):
                found = file.stat()
                sizes[file] = (found.st_mtime, found.st_size)
        total = sum(size for _, size in sizes.values())
        for file in sorted(sizes, key=lambda f: sizes[f]):
            if total <= CACHE_BYTES:
                return
            total -= sizes[file][1]
            file.unlink(missing_ok=True)
