"""Azure DevOps service hooks: X-VSS-ActivityId; HTTP Basic with the user name and password of the subscription.

Azure signs nothing: a secret is `user:password`, or only the password where the user name does not matter. Payloads
name no files. https://learn.microsoft.com/en-us/azure/devops/service-hooks/events#code-pushed
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence

from driftless.intake import payload, signature
from driftless.intake.push import Ignored, Ping, Push, RefChange, not_a_push

NAME = "azure_devops"


def claims(headers: Mapping[str, str]) -> bool:
    return "x-vss-activityid" in headers or "x-vss-subscriptionid" in headers


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> None:
    signature.required(secrets, NAME)
    name, value = signature.presented(headers, ("authorization",), NAME)
    scheme, _, encoded = value.partition(" ")
    try:
        credentials = base64.b64decode(encoded.strip(), validate=True).decode() if scheme.lower() == "basic" else ""
    except (binascii.Error, ValueError) as cause:
        raise signature.wrong(name, NAME) from cause
    _, _, password = credentials.partition(":")
    whole = [secret for secret in secrets if ":" in secret]
    passwords = [secret for secret in secrets if ":" not in secret]
    if not (signature.same(credentials, whole) | signature.same(password, passwords)):
        raise signature.wrong(name, NAME)


def parse(headers: Mapping[str, str], body: bytes) -> Push | Ping | Ignored:
    doc = payload.document(body, NAME)
    event = payload.text(doc, "eventType")
    if event != "git.push":
        return not_a_push(NAME, event)
    repository = "resource.repository"
    return Push(
        provider=NAME,
        repositories=payload.addresses(doc, *(f"{repository}.{form}" for form in ("remoteUrl", "sshUrl", "webUrl"))),
        changes=tuple(_change(row) for row in payload.rows(doc, "resource.refUpdates")),
        default_branch=payload.optional(doc, f"{repository}.defaultBranch").removeprefix("refs/heads/") or None,
        delivery=payload.delivery(headers, body, "x-vss-activityid"),
    )


def _change(row: payload.Document) -> RefChange:
    before, after = payload.text(row, "oldObjectId"), payload.text(row, "newObjectId")
    return RefChange(payload.text(row, "name"), before, after, None)
