"""GitHub (and GitHub Enterprise): X-GitHub-Event; `X-Hub-Signature-256: sha256=<hex HMAC-SHA256 of the body>`.

The older X-Hub-Signature is SHA-1 and never looked at. Tags, new and deleted branches all come as `push`.
https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from driftless.intake import payload, signature
from driftless.intake.push import Ignored, Ping, Push, RefChange, not_a_push

NAME = "github"


def claims(headers: Mapping[str, str]) -> bool:
    return "x-github-event" in headers


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> None:
    signature.hmac_sha256(headers, body, secrets, NAME, "x-hub-signature-256")


def parse(headers: Mapping[str, str], body: bytes) -> Push | Ping | Ignored:
    event = headers["x-github-event"].strip()
    if event == "ping":
        return Ping(NAME)
    if event != "push":
        return not_a_push(NAME, event)
    doc = payload.document(body, NAME)
    # A forced push lists only the commits that came, not what the ones that went had changed.
    paths = None if doc.get("forced") else payload.changed_paths(doc)
    return Push(
        provider=NAME,
        repositories=payload.addresses(doc, "repository.clone_url", "repository.ssh_url", "repository.html_url"),
        changes=(RefChange(payload.text(doc, "ref"), *payload.moved(doc), paths),),
        default_branch=payload.optional(doc, "repository.default_branch") or None,
        delivery=payload.delivery(headers, body, "x-github-delivery"),
    )
