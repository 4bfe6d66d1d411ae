"""Forgejo: X-Forgejo-Event, beside the event headers of Gitea, Gogs and GitHub; X-Forgejo-Signature.

The same hex HMAC-SHA256 of the body comes in X-Gitea-Signature and, after `sha256=`, in X-Hub-Signature-256; the first
one present decides: a good one further back does not save a bad one. https://forgejo.org/docs/latest/user/webhooks
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from driftless.intake import gogs, payload, signature
from driftless.intake.push import Ignored, Ping, Push

NAME = "forgejo"
_SIGNATURES = ("x-forgejo-signature", "x-gitea-signature", "x-hub-signature-256")


def claims(headers: Mapping[str, str]) -> bool:
    return "x-forgejo-event" in headers


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> None:
    signature.hmac_sha256(headers, body, secrets, NAME, *_SIGNATURES)


def parse(headers: Mapping[str, str], body: bytes) -> Push | Ping | Ignored:
    delivery = payload.delivery(headers, body, "x-forgejo-delivery")
    return gogs.read_event(NAME, headers["x-forgejo-event"].strip(), body, delivery)
