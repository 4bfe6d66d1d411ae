"""What a webhook can mean once its provider's dialect is gone: a Push, a Ping, or something to ignore.

In: fields that a provider module read. Out: frozen values. They know nothing of applications or of clusters.
"""

from __future__ import annotations

from dataclasses import dataclass

ZERO_SHA = "0" * 40
"""How every provider writes "no commit": before a creation, after a deletion."""


@dataclass(frozen=True, slots=True)
class RefChange:
    """One ref that moved.

    `ref` is its full name, `refs/heads/x` or `refs/tags/x`. `before` and `after` are commit ids, all zeros where there
    is none and "" where the provider does not say. `paths` are the files that changed, relative to the repository's
    root; None means unknown, which is not the same as none.
    """

    ref: str
    before: str
    after: str
    paths: tuple[str, ...] | None

    @property
    def created(self) -> bool:
        return _is_zero(self.before)

    @property
    def deleted(self) -> bool:
        return _is_zero(self.after)


@dataclass(frozen=True, slots=True)
class Push:
    """Refs of one repository moved.

    `repositories` holds every form of the repository's address that the payload names. `default_branch` is a short
    name, None where the provider does not say. `delivery` is the same when the provider sends the same event again.
    """

    provider: str
    repositories: tuple[str, ...]
    changes: tuple[RefChange, ...]
    default_branch: str | None
    delivery: str


@dataclass(frozen=True, slots=True)
class Ping:
    """The provider asks whether somebody listens."""

    provider: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A genuine event that Driftless has no use for; `reason` is a sentence."""

    provider: str
    reason: str


def not_a_push(provider: str, event: str) -> Ignored:
    return Ignored(provider, f"driftless acts on pushes only, not on {provider}'s event {event!r:.80}")


def _is_zero(sha: str) -> bool:
    # Any length: a repository with SHA-256 object names sends 64 zeros.
    return bool(sha) and not sha.strip("0")
