"""A repository's user name and password, from Secrets Manager: `driftless/repository/<digest>`, if it is there.

In: the repository's canonical name. Out: (username, password), or None for a repository that is read anonymously.
"""

from __future__ import annotations

import hashlib
import time

from driftless.outlets import secrets
from driftless.vocabulary.errors import NotFound, SourceError

PREFIX = "driftless/repository/"
ABSENT_FOR = 300.0
"""Seconds that a missing secret is believed to be missing; a found one is kept as long by `outlets.secrets`."""

_absent: dict[str, float] = {}


def secret_id(name: str) -> str:
    """`driftless/repository/` and the first 16 hex digits of the SHA-256 of the canonical name."""
    return PREFIX + hashlib.sha256(name.encode()).hexdigest()[:16]


def read(name: str) -> tuple[str, str] | None:
    """Raises SourceError when the secret is not {"username", "password"}; Unavailable when it cannot be read now."""
    if _absent.get(name, 0.0) > time.monotonic():
        return None
    try:
        found = secrets.read(secret_id(name))
    except NotFound:
        _absent[name] = time.monotonic() + ABSENT_FOR
        return None
    if not isinstance(found, dict) or not isinstance(found.get("password"), str):
        raise SourceError("revision", f"the secret {secret_id(name)} of {name} is not JSON with username and password")
    return str(found.get("username") or "git"), found["password"]
