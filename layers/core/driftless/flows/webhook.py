"""A push walks in: size, proof, who cares, one request to fetch per repository, and only then "seen".

In: headers and raw body of one POST, the outlets below, the valid secrets, the time. Out: an Answer for the Git host.
Raises Refused and its kin (4xx) for what cannot be accepted, and Unavailable (503) only when our own table or queue
is down: then the Git host, or the poll, tries again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from driftless import intake, interest
from driftless.vocabulary.errors import TooLarge

SIZE_CAP = 10 * 1024 * 1024
"""Bytes of one body. (Lambda itself takes 6 MB; this holds wherever the flow runs.)"""


class Interest(Protocol):
    """One source of one application that reads from a repository."""

    @property
    def application(self) -> str: ...

    @property
    def target_revision(self) -> str: ...

    @property
    def path(self) -> str:
        """The source's folder in the repository."""

    @property
    def generate_paths(self) -> str | None:
        """The annotation argocd.argoproj.io/manifest-generate-paths, as it stands."""


class Outlets(Protocol):
    """What this flow needs of the world; `canonical` is a repository as `interest.canonical` names it."""

    def seen(self, delivery: str) -> bool: ...

    def remember(self, delivery: str) -> None: ...

    def interests(self, canonical: str) -> Sequence[Interest]: ...

    def request_fetch(self, canonical: str, delivery: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is the HTTP status, `document` the JSON body."""

    status: int
    document: dict[str, Any]


def receive(
    headers: Mapping[str, str], body: bytes, outlets: Outlets, secrets: Mapping[str, Sequence[str]], now: float
) -> Answer:
    """One webhook request. `secrets` and `now` (seconds since the epoch) are as `intake.read` takes them."""
    if len(body) > SIZE_CAP:
        raise TooLarge(f"the webhook's body has {len(body)} bytes, over the cap of {SIZE_CAP}")
    event = intake.read(headers, body, secrets, now=now)
    match event:
        case intake.Ping():
            return Answer(200, {"provider": event.provider, "ping": "pong"})
        case intake.Ignored():
            return Answer(200, {"provider": event.provider, "ignored": event.reason})
        case intake.Push():
            return _pushed(event, outlets)


def _pushed(push: intake.Push, outlets: Outlets) -> Answer:
    repositories = list(dict.fromkeys(interest.canonical(url) for url in push.repositories))
    document = {"provider": push.provider, "repository": repositories[0], "delivery": push.delivery}
    if outlets.seen(push.delivery):
        return Answer(202, document | {"duplicate": True, "applications": []})
    caring = {repository: _who_cares(push, outlets.interests(repository)) for repository in repositories}
    asked = [repository for repository, names in caring.items() if names]
    for repository in asked:
        outlets.request_fetch(repository, push.delivery)
    if asked:
        # After sending: a crash in between costs a second look-up when the Git host tries again, never the push.
        outlets.remember(push.delivery)
        document["repository"] = asked[0]
    return Answer(202, document | {"applications": sorted(set().union(*caring.values()))})


def _who_cares(push: intake.Push, rows: Sequence[Interest]) -> set[str]:
    return {row.application for row in rows if _concerns(push, row)}


def _concerns(push: intake.Push, row: Interest) -> bool:
    return any(
        interest.matches(change.ref, row.target_revision, push.default_branch)
        and interest.touched(change.paths, row.generate_paths, row.path)
        for change in push.changes
    )
