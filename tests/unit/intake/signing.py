"""Recorded webhooks, and the signature that each provider would have sent with them.

In: the name of a recorded form (`github`, `gitlab-signed`, ...). Out: headers and raw body as they reach the door,
signed with a given secret. The placeholders in events/ and fixtures/ are replaced here, so no signature is stored.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parents[3] / "events"
FIXTURES = Path(__file__).parent / "fixtures"
NOW = 1791789245.0
"""The moment at which the recorded webhooks were sent."""

BEFORE = "4f1c9a7e2b8d60351ac4e97bd2f08c6613e5a7d9"
AFTER = "b93e07d15c2a4f886d1e0b7ac5f3924e8d6017fa"
TAGGED = "7c20d4b6e1f95a3388b0c6d2497ef1a05d3b8e64"

PROVIDER_OF = {
    "azure-devops": "azure_devops",
    "bitbucket-cloud": "bitbucket_cloud",
    "bitbucket-server": "bitbucket_server",
    "forgejo": "forgejo",
    "gitea": "gitea",
    "github": "github",
    "gitlab-signed": "gitlab",
    "gitlab-token": "gitlab",
    "gogs": "gogs",
}
"""The nine forms, and the provider that each belongs to."""
FORMS = list(PROVIDER_OF)

Headers = dict[str, str]


def secret_for(form: str, word: str) -> str:
    """A secret of the shape that this form's provider hands out."""
    if form == "gitlab-signed":
        return "whsec_" + base64.b64encode(word.ljust(32, "-").encode()).decode()
    return f"hook:{word}" if form == "azure-devops" else word


def _hex(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _standard(headers: Headers, body: bytes, secret: str) -> Headers:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return {"webhook-signature": "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}


SIGNERS: dict[str, Callable[[Headers, bytes, str], Headers]] = {
    "azure-devops": lambda _, __, secret: {"authorization": "Basic " + base64.b64encode(secret.encode()).decode()},
    "bitbucket-cloud": lambda _, body, secret: {"x-hub-signature": "sha256=" + _hex(body, secret)},
    "bitbucket-server": lambda _, body, secret: {"x-hub-signature": "sha256=" + _hex(body, secret)},
    "forgejo": lambda _, body, secret: {"x-forgejo-signature": _hex(body, secret)},
    "gitea": lambda _, body, secret: {"x-gitea-signature": _hex(body, secret)},
    "github": lambda _, body, secret: {"x-hub-signature-256": "sha256=" + _hex(body, secret)},
    "gitlab-signed": _standard,
    "gitlab-token": lambda _, __, secret: {"x-gitlab-token": secret},
    "gogs": lambda _, body, secret: {"x-gogs-signature": _hex(body, secret)},
}
PROOFS = {
    "authorization",
    "webhook-signature",
    "x-forgejo-signature",
    "x-gitea-signature",
    "x-gitlab-token",
    "x-gogs-signature",
    "x-hub-signature",
    "x-hub-signature-256",
}


def event(name: str) -> dict[str, Any]:
    """One HTTP API event of events/, as recorded."""
    loaded: dict[str, Any] = json.loads((EVENTS / f"webhook-{name}.json").read_text())
    return loaded


def push(form: str) -> tuple[Headers, bytes]:
    recorded = event(form)
    return recorded["headers"], recorded["body"].encode()


def fixture(name: str) -> tuple[Headers, bytes]:
    recorded = json.loads((FIXTURES / f"{name}.json").read_text())
    return recorded["headers"], json.dumps(recorded["body"]).encode()


def unsigned(headers: Headers) -> Headers:
    return {name: value for name, value in headers.items() if name not in PROOFS}


def signed(form: str, headers: Headers, body: bytes, secret: str) -> Headers:
    return unsigned(headers) | SIGNERS[form](headers, body, secret)


def signed_event(form: str, secret: str) -> dict[str, Any]:
    """The recorded HTTP API event of `form`, with the signature it needs."""
    recorded = event(form)
    return recorded | {"headers": signed(form, recorded["headers"], recorded["body"].encode(), secret)}
