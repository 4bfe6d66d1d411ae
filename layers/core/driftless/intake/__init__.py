"""A Git provider's webhook becomes a Push: the bytes are proved first and read only then.

In: headers, raw body, secrets, the time. Out: Push, Ping or Ignored; Unauthorized (401) or Refused (400).
Each provider is one module of one shape (`provider.Provider`); the register below asks them in order, because
descendants also send their ancestors' headers: Forgejo those of Gitea, Gogs and GitHub. (Argo CD accepts unsigned
webhooks where no secret is set; here a secret is mandatory, see design.md "Bad input".)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from driftless.intake import (
    azure_devops,
    bitbucket_cloud,
    bitbucket_server,
    forgejo,
    gitea,
    github,
    gitlab,
    gogs,
    signature,
)
from driftless.intake.provider import Provider
from driftless.intake.push import Ignored, Ping, Push, RefChange
from driftless.vocabulary.errors import Refused

__all__ = ["PROVIDERS", "Ignored", "Ping", "Push", "RefChange", "read"]

PROVIDERS: tuple[Provider, ...] = (
    azure_devops,
    forgejo,
    gitea,
    gogs,
    gitlab,
    github,
    bitbucket_cloud,
    bitbucket_server,
)
"""In the order of asking."""


def read(
    headers: Mapping[str, str], body: bytes, secrets: Mapping[str, Sequence[str]], *, now: float
) -> Push | Ping | Ignored:
    """What this request says, once it is proved.

    Header names may be in any case. `secrets` maps a provider's name, or "default", to the secrets that are valid at
    the same time. `now`: seconds since the epoch. Raises Unauthorized, or Refused for what no provider sends.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    provider = next((candidate for candidate in PROVIDERS if candidate.claims(lowered)), None)
    if provider is None:
        known = ", ".join(sorted(candidate.NAME for candidate in PROVIDERS))
        raise Refused("this request carries no Git provider's event header", hint=f"supported providers: {known}")
    provider.verify(lowered, body, signature.valid_secrets(secrets, provider.NAME), now)
    return provider.parse(lowered, body)
