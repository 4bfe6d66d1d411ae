"""Bitbucket Server and Data Center: X-Event-Key; `X-Hub-Signature: sha256=<hex HMAC-SHA256 of the body>`.

The clone addresses over HTTP and SSH have different paths (`scm/proj/repo`, `proj/repo`): both are handed on.
https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from driftless.intake import payload, signature
from driftless.intake.push import Ignored, Ping, Push, RefChange, not_a_push
from driftless.vocabulary.errors import Refused

NAME = "bitbucket_server"
_PING = "diagnostics:ping"


def claims(headers: Mapping[str, str]) -> bool:
    return "x-event-key" in headers


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> None:
    """A ping ("Test connection") may come unsigned: it starts nothing, so only a wrong signature is refused."""
    if headers["x-event-key"].strip() == _PING and not headers.get("x-hub-signature"):
        return
    signature.hmac_sha256(headers, body, secrets, NAME, "x-hub-signature")


def parse(headers: Mapping[str, str], body: bytes) -> Push | Ping | Ignored:
    event = headers["x-event-key"].strip()
    if event == _PING:
        return Ping(NAME)
    if event != "repo:refs_changed":
        return not_a_push(NAME, event)
    doc = payload.document(body, NAME)
    return Push(
        provider=NAME,
        repositories=_clone_addresses(doc),
        changes=tuple(_change(row) for row in payload.rows(doc, "changes")),
        default_branch=None,
        delivery=payload.delivery(headers, body, "x-request-id"),
    )


def _clone_addresses(doc: payload.Document) -> tuple[str, ...]:
    """Early versions (5.0's documentation) send none, and an address cannot be guessed from a project's key."""
    found = tuple(payload.address(link, "href") for link in payload.rows(doc, "repository.links.clone"))
    if not found:
        raise Refused("the webhook's payload names no clone address at repository.links.clone")
    return found


def _change(row: payload.Document) -> RefChange:
    return RefChange(payload.text(row, "ref.id"), payload.text(row, "fromHash"), payload.text(row, "toHash"), None)
