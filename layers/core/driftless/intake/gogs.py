"""Gogs: X-Gogs-Event; `X-Gogs-Signature: <hex HMAC-SHA256 of the body>`.

Gitea is a fork of Gogs and Forgejo of Gitea: they send the same payloads under their own header names, so their
modules read them with `read_event` here. A deleted ref comes as `delete`, not as a push to zeros;
Gogs tells of a new tag by `create` alone. https://gogs.io/docs/features/webhook
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from driftless.intake import payload, signature
from driftless.intake.push import ZERO_SHA, Ignored, Ping, Push, RefChange, not_a_push

NAME = "gogs"
_REF_PREFIX = {"branch": "refs/heads/", "tag": "refs/tags/"}


def claims(headers: Mapping[str, str]) -> bool:
    return "x-gogs-event" in headers


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> None:
    signature.hmac_sha256(headers, body, secrets, NAME, "x-gogs-signature")


def parse(headers: Mapping[str, str], body: bytes) -> Push | Ping | Ignored:
    return read_event(NAME, headers["x-gogs-event"].strip(), body, payload.delivery(headers, body, "x-gogs-delivery"))


def read_event(provider: str, event: str, body: bytes, delivery: str) -> Push | Ping | Ignored:
    """One event of Gogs, Gitea or Forgejo, under the name that `provider` gave it."""
    if event == "ping":
        return Ping(provider)
    if event not in ("push", "create", "delete"):
        return not_a_push(provider, event)
    doc = payload.document(body, provider)
    if event == "create" and payload.optional(doc, "ref_type") != "tag":
        return Ignored(provider, "a new branch is announced by a push as well")
    return Push(
        provider=provider,
        repositories=payload.addresses(doc, "repository.clone_url", "repository.ssh_url", "repository.html_url"),
        changes=(_pushed(doc) if event == "push" else _named(doc, event),),
        default_branch=payload.optional(doc, "repository.default_branch") or None,
        delivery=delivery,
    )


def _pushed(doc: payload.Document) -> RefChange:
    paths = payload.changed_paths(doc, total="total_commits")
    return RefChange(payload.text(doc, "ref"), *payload.moved(doc), paths)


def _named(doc: payload.Document, event: str) -> RefChange:
    """`create` and `delete` give the ref's short name and its type; what a deleted ref pointed to is not said."""
    prefix = _REF_PREFIX.get(payload.optional(doc, "ref_type"), "refs/heads/")
    ref = prefix + payload.text(doc, "ref").removeprefix(prefix)
    if event == "delete":
        return RefChange(ref, "", ZERO_SHA, None)
    return RefChange(ref, ZERO_SHA, payload.optional(doc, "sha"), None)
