"""GitLab: X-Gitlab-Event; either the shared X-Gitlab-Token, or a signed webhook (signing token `whsec_...`).

A signed webhook follows the Standard Webhooks form: webhook-id, webhook-timestamp (seconds), and webhook-signature, a
list of `v1,<base64 HMAC-SHA256 of "id.timestamp.body">` under the bytes that follow `whsec_` in base64.
https://gitlab.com/gitlab-org/gitlab/-/merge_requests/230944 and the specification at https://www.standardwebhooks.com
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

from driftless.intake import payload, signature
from driftless.intake.push import Ignored, Ping, Push, RefChange, not_a_push
from driftless.vocabulary.errors import Unauthorized

NAME = "gitlab"
SIGNING_TOKEN = "whsec_"
TOLERANCE_SECONDS = 300
"""How far a signed timestamp may be from now, in both directions: what the Standard Webhooks libraries allow."""


def claims(headers: Mapping[str, str]) -> bool:
    return "x-gitlab-event" in headers


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> None:
    """A signature, where there is one and a signing token to check it with, decides alone; else the token does."""
    signature.required(secrets, NAME)
    signing = [secret for secret in secrets if secret.startswith(SIGNING_TOKEN)]
    plain = [secret for secret in secrets if not secret.startswith(SIGNING_TOKEN)]
    if signing and (headers.get("webhook-signature") or not plain):
        return _verify_signature(headers, body, signing, now)
    name, token = signature.presented(headers, ("x-gitlab-token",), NAME)
    if not signature.same(token, plain):
        raise signature.wrong(name, NAME)


def _verify_signature(headers: Mapping[str, str], body: bytes, tokens: Sequence[str], now: float) -> None:
    name, given = signature.presented(headers, ("webhook-signature",), NAME)
    _, delivery = signature.presented(headers, ("webhook-id",), NAME)
    _, timestamp = signature.presented(headers, ("webhook-timestamp",), NAME)
    signed = f"{delivery}.{timestamp}.".encode(errors="backslashreplace") + body
    expected = [_sign(signed, token) for token in tokens]
    if not signature.any_same(given.split(), expected):
        raise signature.wrong(name, NAME)
    if not re.fullmatch("[0-9]{1,12}", timestamp) or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise Unauthorized(
            f"the {NAME} webhook was signed more than {TOLERANCE_SECONDS} seconds from now",
            hint="check the clock of the GitLab server; a delivery is not accepted again later",
        )


def _sign(signed: bytes, token: str) -> str:
    try:
        key = base64.b64decode(token.removeprefix(SIGNING_TOKEN), validate=True)
    except (binascii.Error, ValueError) as cause:
        raise Unauthorized(
            f"a signing token configured for {NAME} is not {SIGNING_TOKEN} followed by base64",
            hint="copy the signing token from GitLab's webhook settings again",
        ) from cause
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def parse(headers: Mapping[str, str], body: bytes) -> Push | Ping | Ignored:
    event = headers["x-gitlab-event"].strip()
    if event not in ("Push Hook", "Tag Push Hook", "System Hook"):
        return not_a_push(NAME, event)
    doc = payload.document(body, NAME)
    kind = payload.optional(doc, "object_kind") or payload.optional(doc, "event_name")
    if kind not in ("push", "tag_push"):
        return not_a_push(NAME, f"{event}: {kind}")
    paths = payload.changed_paths(doc, total="total_commits_count")
    return Push(
        provider=NAME,
        repositories=payload.addresses(doc, "project.git_http_url", "project.git_ssh_url", "project.web_url"),
        changes=(RefChange(payload.text(doc, "ref"), *payload.moved(doc), paths),),
        default_branch=payload.optional(doc, "project.default_branch") or None,
        # Not X-Gitlab-Event-UUID: pushes that one webhook causes after another share it.
        delivery=payload.delivery(headers, body, "webhook-id", "idempotency-key"),
    )
