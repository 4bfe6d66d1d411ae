"""Who sent this? The checks that providers share, in constant time over the raw bytes.

In: headers with lower-case names, the raw body, the secrets that are valid now (several while one is being replaced).
Out: nothing, or Unauthorized with a sentence that names the header. Never: a secret or a signature in a message.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence

from driftless.vocabulary.errors import Unauthorized

SAME_SECRET = "set the same secret in the repository's webhook settings and in Driftless"


def valid_secrets(secrets: Mapping[str, Sequence[str]], provider: str) -> tuple[str, ...]:
    """The provider's own secrets, else those under "default". Blank ones are dropped: an empty key proves nothing."""
    chosen = secrets.get(provider)
    return tuple(secret for secret in (secrets.get("default", ()) if chosen is None else chosen) if secret.strip())


def required(secrets: Sequence[str], provider: str) -> None:
    if not secrets:
        raise Unauthorized(f"no webhook secret is configured for {provider}", hint=SAME_SECRET)


def presented(headers: Mapping[str, str], names: Sequence[str], provider: str) -> tuple[str, str]:
    """The first of the headers `names` that is there and not blank, with its value."""
    for name in names:
        if value := headers.get(name, "").strip():
            return name, value
    if headers.get("x-hub-signature", "").startswith("sha1="):
        reason = f"this {provider} webhook carries only a SHA-1 signature, which is not accepted"
        raise Unauthorized(reason, hint=f"Driftless needs the header {names[0]} (SHA-256)")
    raise Unauthorized(f"this {provider} webhook is not signed: it has no header {names[0]}", hint=SAME_SECRET)


def same(given: str, expected: Iterable[str]) -> bool:
    """Is `given` one of `expected`? Every one is compared, so that time tells neither which nor how far."""
    presented_bytes = given.encode(errors="backslashreplace")
    found = False
    for candidate in expected:
        found |= hmac.compare_digest(presented_bytes, candidate.encode(errors="backslashreplace"))
    return found


def any_same(given: Sequence[str], expected: Sequence[str]) -> bool:
    """Is one of `given` one of `expected`?"""
    found = False
    for one in given:
        found |= same(one, expected)
    return found


def hmac_sha256(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], provider: str, *names: str) -> None:
    """Hex HMAC-SHA256 of the body, bare or after `sha256=`, in the first present header of `names`."""
    required(secrets, provider)
    name, value = presented(headers, names, provider)
    expected = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in secrets]
    if not same(value.removeprefix("sha256=").lower(), expected):
        raise wrong(name, provider)


def wrong(header: str, provider: str) -> Unauthorized:
    return Unauthorized(f"the {provider} webhook's {header} matches no configured secret", hint=SAME_SECRET)
