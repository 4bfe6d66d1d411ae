"""A repository may have moved: one ref look-up, one fetch per commit, and only the applications that changed are told.

In: {"repository": canonical URL, "cause"?, "applications"?: names} or, for `app sync --revision`, {"repository",
"application", "revision", "operation"}. Out: what was done, for the log. Raises Unavailable when AWS is down.

Level-triggered: the lease makes one fetch per repository, requests are counted, and whoever finishes looks once more
when somebody asked meanwhile. Nothing is remembered before it was told, so a crash repeats work and loses none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from driftless.flows.fetching import publish
from driftless.flows.fetching.look import FAILED, Finding, Look, failure
from driftless.flows.fetching.named_revision import resolve_for
from driftless.flows.wiring import World
from driftless.outlets.git import Git, RepositoryUnavailable
from driftless.record import applications, repositories, state
from driftless.record.applications import Interest
from driftless.record.repositories import Repository
from driftless.vocabulary.errors import NotBuiltYet, NotFound, Refused, SourceError, Unavailable

LEASE_SECONDS = 60.0
"""A fetch that takes longer may be overtaken: then its writes are refused by their order, and nothing breaks."""
GRACE_SECONDS = 180.0
"""How long a Git host may be down before its applications show Unknown."""
RETRY_SECONDS = 20
BUSY_SECONDS = 1
MOST_ROUNDS = 20
WAITED_FOR = frozenset({"sync", "resume", "refresh", "hard-refresh", "invoke"})
"""Causes behind which somebody waits to be told the newest commit, even when it is the one already known."""
NO_CHARTS = NotBuiltYet(
    "charts from Helm and OCI repositories are not built yet", hint="commit the chart to Git and use source.path"
)
"""A chart's repository is no Git repository: it is not asked as one."""

Message = dict[str, Any]


def fetch(message: Message, world: World, git: Git) -> dict[str, Any]:
    """Serve one message of the fetch queue."""
    if "revision" in message:
        return resolve_for(message, world, git)
    url, anew = message["repository"], _waiting(message, world)
    held = _acquired(message, world)
    if held is None:
        if anew:
            again = message | {"at": message.get("at", world.clock())}
            world.fetch_queue().send(again, delay_seconds=BUSY_SECONDS)
        return {"repository": url, "outcome": "another fetch is at it"}
    told = 0
    for _ in range(MOST_ROUNDS):
        try:
            after, count = _round(held, anew, world, git)
        except RepositoryUnavailable as down:
            return _down(held, message, world, down, anew)
        told, anew = told + count, frozenset()
        if repositories.release(world.table, held, after):
            return {"repository": url, "outcome": "looked up", "told": told}
        now = repositories.reread(world.table, held, world.clock(), LEASE_SECONDS)
        held = replace(after, requested=now.requested, served=now.served)
    repositories.let_go(world.table, after, after)
    world.fetch_queue().send({"repository": url, "cause": "retry"})
    return {"repository": url, "outcome": "asked for faster than it is looked up: goes on in a message", "told": told}


def _waiting(message: Message, world: World) -> frozenset[str]:
    """Whom to tell whatever is found: those named, less those told since the message was first taken (`at`)."""
    if message.get("cause") not in WAITED_FOR:
        return frozenset()
    names = frozenset(message.get("applications") or ())
    return frozenset(n for n in names if not _told_since(n, message["at"], world)) if "at" in message else names


def _told_since(name: str, moment: float, world: World) -> bool:
    try:
        target = state.read(world.table, world.store(), name).target
    except NotFound:
        return True
    return target is not None and target.at >= moment


def _acquired(message: Message, world: World) -> Repository | None:
    """The repository's lease, or None. Its holder serves what is counted before it lets go.

    A message that names applications is counted once more: they may be younger than the holder's list of who cares.
    """
    url = message["repository"]
    held = repositories.acquire(world.table, url, world.clock(), LEASE_SECONDS)
    if held is None and message.get("applications") and message.get("cause") not in WAITED_FOR:
        world.table.write(repositories.request(url))
        held = repositories.acquire(world.table, url, world.clock(), LEASE_SECONDS)
    return held


def _round(held: Repository, anew: frozenset[str], world: World, git: Git) -> tuple[Repository, int]:
    """One look-up: the repository as it is to be remembered, and how many applications were told something."""
    everyone = applications.interests(world.table, held.url)
    interests = [interest for interest in everyone if not interest.source.get("chart")]
    charts = _tell(held, [interest for interest in everyone if interest.source.get("chart")], NO_CHARTS, world, anew)
    fresh = any(not interest.commit for interest in interests)
    if not interests or not (fresh or anew or held.requested > held.served):
        return held, charts
    look = Look(git, interests, held.refs, world.clock())
    try:
        look.begin()
    except (SourceError, Refused) as error:
        told = _tell(held, interests, error, world, anew)
        return replace(held, refs={}, error=str(error), failing_since=0.0), charts + told
    findings = _findings(look, anew)
    count = publish.publish(findings, held.fence, world)
    return replace(held, refs=look.resolved, error="", failing_since=0.0), charts + count


def _findings(look: Look, anew: frozenset[str]) -> list[Finding]:
    """In two passes, so that a first fetch brings the files of all new applications in one request."""
    new = [i for i in look.interests if not i.artifact and not i.commit.startswith(FAILED)]
    for interest in new:
        try:
            look.trees(look.commit(interest))
        except (SourceError, Refused):
            continue  # said in the second pass
    look.fill(new)
    found = [look.at(interest, anew=interest.application in anew) for interest in look.interests]
    return [finding for finding in found if finding is not None]


def _tell(
    held: Repository,
    interests: list[Interest],
    error: SourceError | Refused | Unavailable,
    world: World,
    anew: frozenset[str] = frozenset(),
) -> int:
    """Tell every application why its repository cannot be looked up.

    Those that were told the same are left alone, but for `anew`: somebody waits for the answer.
    """
    findings = [failure(interest, error, world.clock()) for interest in interests]
    news = [f for f in findings if f.seen != f.interest.commit or f.interest.application in anew]
    return publish.publish(news, held.fence, world)


def _down(
    held: Repository, message: Message, world: World, down: RepositoryUnavailable, anew: frozenset[str]
) -> dict[str, Any]:
    """Remember since when; within the grace try again soon, after it say so and leave it to the poll."""
    now = world.clock()
    since = held.failing_since or now
    patient = now - since < GRACE_SECONDS
    told = 0
    if not patient:
        said = Unavailable(f"{held.url} has not been reachable for {int(GRACE_SECONDS // 60)} minutes", hint=str(down))
        told = _tell(held, applications.interests(world.table, held.url), _constant(said), world, anew)
    repositories.let_go(world.table, held, replace(held, error=str(down), failing_since=since))
    world.table.write(repositories.request(held.url))
    waited = message.get("cause") in WAITED_FOR
    if patient and (not held.failing_since or waited or message.get("cause") == "retry"):
        again = message if waited else {"repository": held.url, "cause": "retry"}
        world.fetch_queue().send(again, delay_seconds=RETRY_SECONDS)
    return {"repository": held.url, "outcome": "unavailable", "why": str(down), "told": told}


def _constant(error: Unavailable) -> Unavailable:
    """Without what differs from one attempt to the next: a sentence that changes would be told each time."""
    return Unavailable(error.message, hint="is the Git host up, and reachable from the fetch function?")
