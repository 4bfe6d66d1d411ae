"""Gitea: X-Gitea-Event, beside X-Gogs-Event and X-GitHub-Event; X-Gitea-Signature or X-Hub-Signature-256.

Both headers carry the hex HMAC-SHA256 of the body, the second after `sha256=`; the first one present decides.
https://docs.gitea.com/usage/repository/webhooks
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from driftless.intake import gogs, payload, signature
from driftless.intake.push import Ignored, Ping, Push

NAME = "gitea"


def claims(headers: Mapping[str, str]) -> bool:
    return "x-gitea-event" in headers


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> None:
    signature.hmac_sha256(headers, body, secrets, NAME, "x-gitea-signature", "x-hub-signature-256")


def parse(headers: Mapping[str, str], body: bytes) -> Push | Ping | Ignored:
    delivery = payload.delivery(headers, body, "x-gitea-delivery")
    return gogs.read_event(NAME, headers["x-gitea-event"].strip(), body, delivery)
