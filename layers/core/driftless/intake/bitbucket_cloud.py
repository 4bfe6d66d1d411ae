"""Bitbucket Cloud: X-Hook-UUID; `X-Hub-Signature: sha256=<hex HMAC-SHA256 of the body>` where the hook has a secret.

The hook's UUID travels with every request, so it identifies and proves nothing. Payloads name neither files nor the
default branch. https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/#Push
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from driftless.intake import payload, signature
from driftless.intake.push import ZERO_SHA, Ignored, Ping, Push, RefChange, not_a_push
from driftless.vocabulary.errors import Refused

NAME = "bitbucket_cloud"
_REF_PREFIX = {"branch": "refs/heads/", "named_branch": "refs/heads/", "tag": "refs/tags/"}


def claims(headers: Mapping[str, str]) -> bool:
    return "x-hook-uuid" in headers


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> None:
    signature.hmac_sha256(headers, body, secrets, NAME, "x-hub-signature")


def parse(headers: Mapping[str, str], body: bytes) -> Push | Ping | Ignored:
    event = headers.get("x-event-key", "").strip()
    if event != "repo:push":
        return not_a_push(NAME, event)
    doc = payload.document(body, NAME)
    return Push(
        provider=NAME,
        repositories=payload.addresses(doc, "repository.links.html.href"),
        changes=tuple(_change(row) for row in payload.rows(doc, "push.changes")),
        default_branch=None,
        delivery=payload.delivery(headers, body, "x-request-uuid"),
    )


def _change(row: payload.Document) -> RefChange:
    """`new` is null when the ref was deleted, `old` when it was created."""
    side = "new" if row.get("new") else "old"
    kind = payload.text(row, f"{side}.type")
    if kind not in _REF_PREFIX:
        raise Refused(f"push.changes holds a ref that is neither a branch nor a tag: {kind!r:.80}")
    return RefChange(
        ref=_REF_PREFIX[kind] + payload.text(row, f"{side}.name"),
        before=payload.optional(row, "old.target.hash") or ZERO_SHA,
        after=payload.optional(row, "new.target.hash") or ZERO_SHA,
        paths=None,
    )
