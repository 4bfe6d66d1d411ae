"""One repository is looked up: whose inputs changed, get an artifact and a target; nobody else costs anything.

In: {"repository", "applications"?, "cause"}. The repository's lease is taken, so a thousand requests are one look-up.
refs → commit per targetRevision → one fetch per commit → whose recorded inputs differ? → artifact → target → message.
The record of what was seen is written last: a worker that dies before repeats its work and loses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from driftless import checkout, revision
from driftless.flows.wiring import World
from driftless.outlets.git import Git, Trees
from driftless.outlets.table import ConditionFailed
from driftless.record import applications, repositories, state
from driftless.record.applications import Interest
from driftless.record.repositories import Repository
from driftless.record.state import Target
from driftless.vocabulary.errors import DriftlessError, Refused, SourceError, Unavailable
from driftless.vocabulary.git import Refs, Remote

LEASE_SECONDS = 150
"""Longer than the function may run (template.yaml): a lease ends with its worker, not under it."""
GRACE_SECONDS = 180.0
"""How long a repository may be down before its applications show it (argo-behaviour 6)."""
WRITERS = 8
ROUNDS = 10


def fetch(message: dict[str, Any], world: World, git: Git) -> dict[str, Any]:
    """Raises Unavailable while the repository does not answer: the message comes again."""
    if "operation" in message:
        return _named_revision(message, world, git)
    url, named = message["repository"], frozenset(message.get("applications") or ())
    if _answered(url, named, message.get("at", world.clock()), world):
        return {"repository": url, "answered": True}
    held = repositories.acquire(world.table, url, world.clock(), LEASE_SECONDS)
    if held is None:
        return _busy(message, named, world)
    changed: list[str] = []
    for _ in range(ROUNDS):
        after = _Look(held, named, message.get("cause", ""), world, git).run(changed)
        if repositories.release(world.table, held, after):
            break
        held = repositories.reread(world.table, replace(after, fence=held.fence), world.clock(), LEASE_SECONDS)
    if after.error and world.clock() - after.failing_since < GRACE_SECONDS:
        raise Unavailable(after.error)
    return {"repository": url, "changed": changed} | ({"error": after.error} if after.error else {})


def _answered(url: str, named: frozenset[str], asked_at: float, world: World) -> bool:
    """Whether a look-up that began after this request has answered it already."""
    if not named:
        found = repositories.read(world.table, url)
        return 0 < found.requested <= found.served
    for name in named:
        try:
            target = state.read(world.table, world.store(), name).target
        except Refused:
            continue
        if target is None or target.at < asked_at:
            return False
    return True


def _busy(message: dict[str, Any], named: frozenset[str], world: World) -> dict[str, Any]:
    """Another fetch is at it, and sees our request before it lets go; names, it does not see: they come back."""
    if named:
        world.fetch_queue().send(message | {"at": message.get("at", world.clock())}, delay_seconds=1)
    return {"repository": message["repository"], "busy": True}


class _Look:
    """One look-up under the repository's lease, and what follows from it."""

    def __init__(self, held: Repository, named: frozenset[str], cause: str, world: World, git: Git) -> None:
        self._held, self._named, self._cause = held, named, cause
        self._world, self._git = world, git
        self._now = world.clock()

    def run(self, changed: list[str]) -> Repository:
        """The repository as it is to be recorded; names of applications with a new target are added to `changed`."""
        interests = applications.interests(self._world.table, self._held.url)
        if not interests:
            return replace(self._held, refs={}, error="", failing_since=0.0)
        remote = Remote(interests[0].repo_url, self._held.url)
        try:
            refs = self._git.look_up(remote, sorted({i.target_revision for i in interests}))
            commits = {i.target_revision: self._commit(i, refs, remote) for i in interests}
            changed += self._targets(interests, commits, remote)
        except SourceError as refusal:
            changed += self._written([(i, self._refused(i, refusal), ()) for i in interests])
            return replace(self._held, refs={}, error="", failing_since=0.0)
        except Unavailable as trouble:
            return self._down(interests, trouble)
        seen = {target: commit for target, commit in commits.items() if isinstance(commit, str)}
        return replace(self._held, refs=seen, error="", failing_since=0.0)

    def _commit(self, interest: Interest, refs: Refs, remote: Remote) -> str | SourceError:
        try:
            found = revision.resolve(interest.target_revision, refs, remote.url, interest.source.get("tagPrefix") or "")
            return found.commit or self._git.find(remote, found.short, refs)
        except SourceError as refusal:
            return refusal

    def _targets(self, interests: list[Interest], commits: dict[str, str | SourceError], remote: Remote) -> list[str]:
        found: list[tuple[Interest, Target, tuple[tuple[str, str], ...]]] = []
        by_commit: dict[str, list[Interest]] = defaultdict(list)
        for interest in interests:
            commit = commits[interest.target_revision]
            if isinstance(commit, SourceError):
                found.append((interest, self._refused(interest, commit), ()))
            elif self._is_news(interest, commit):
                by_commit[commit].append(interest)
        for commit, some in by_commit.items():
            trees = self._git.fetch(remote, commit)
            for interest in some:
                if interest.application in self._named or not checkout.unchanged(trees, interest.inputs):
                    found.append(self._resolved(interest, commit, trees))
        return self._written(found)

    def _is_news(self, interest: Interest, commit: str) -> bool:
        """A commit that was verified for this targetRevision is news only to who is new, or asks by name."""
        known = self._held.refs.get(interest.target_revision) == commit and bool(interest.artifact)
        return not known or interest.application in self._named

    def _resolved(
        self, interest: Interest, commit: str, trees: Trees
    ) -> tuple[Interest, Target, tuple[tuple[str, str], ...]]:
        try:
            footprint = checkout.footprint(trees, interest.source)
            digest = checkout.digest(footprint.files)
            if not self._world.store().has("artifacts", digest):
                self._world.store().put("artifacts", digest, checkout.pack(trees, footprint.files))
        except (SourceError, Refused) as refusal:
            return interest, self._refused(interest, refusal, commit), ()
        info = trees.commit
        target = Target(commit, digest, interest.source, info.author, info.subject, info.date, at=self._now)
        return interest, target, footprint.inputs

    def _refused(self, interest: Interest, refusal: DriftlessError, commit: str = "") -> Target:
        stage = getattr(refusal, "stage", "checkout")
        return Target(commit, "", interest.source, error=str(refusal), stage=stage, at=self._now)

    def _written(self, found: Iterable[tuple[Interest, Target, tuple[tuple[str, str], ...]]]) -> list[str]:
        """Targets first, then the messages, and only then the record that makes the next look-up pass by."""
        table = self._world.table
        found = list(found)
        with ThreadPoolExecutor(WRITERS) as pool:
            taken = list(pool.map(lambda one: _wrote(table, one[0].application, one[1], self._held.fence), found))
            news = [one for one, new in zip(found, taken, strict=True) if new]
            names = [interest.application for interest, _, _ in news]
            messages = [({"application": name, "cause": self._cause}, 0) for name in names]
            self._world.sync_queue().send_all(messages)
            list(pool.map(lambda one: _remembered(table, *one), news))
        return names

    def _down(self, interests: list[Interest], trouble: Unavailable) -> Repository:
        since = self._held.failing_since or self._now
        if self._now - since >= GRACE_SECONDS:
            self._written([(i, self._refused(i, trouble), ()) for i in interests])
        return replace(self._held, refs={}, error=str(trouble), failing_since=since)


def _wrote(table: Any, name: str, target: Target, looked_up: int) -> bool:
    """False when the application is gone, or a later look-up has spoken."""
    try:
        table.write(state.set_target(name, target, looked_up))
    except ConditionFailed:
        return False
    return True


def _remembered(table: Any, interest: Interest, target: Target, inputs: tuple[tuple[str, str], ...]) -> None:
    try:
        table.write(applications.remember_inputs(interest, target.revision, target.artifact, inputs))
    except ConditionFailed:
        return  # its source changed meanwhile: that change asked for a look-up of its own


def _named_revision(message: dict[str, Any], world: World, git: Git) -> dict[str, Any]:
    """`app sync --revision`: resolve it, build its artifact, and only then ask for the operation."""
    name, operation = message["application"], dict(message["operation"])
    stored = applications.read(world.table, name)
    source = stored.application.source
    remote = Remote(source.repo_url, stored.repository)
    try:
        found = revision.resolve(message["revision"], git.look_up(remote, [message["revision"]]), remote.url)
        commit = found.commit or git.find(remote, found.short, git.look_up(remote))
        trees = git.fetch(remote, commit)
        footprint = checkout.footprint(trees, source.raw)
        digest = checkout.digest(footprint.files)
        if not world.store().has("artifacts", digest):
            world.store().put("artifacts", digest, checkout.pack(trees, footprint.files))
        operation |= {"artifact": digest, "sync": (operation.get("sync") or {}) | {"revision": commit}}
    except SourceError as refusal:
        operation["error"] = str(refusal)
    try:
        world.table.write(state.ask(name, operation))
    except ConditionFailed:
        return {"application": name, "busy": True}
    world.sync_queue().send({"application": name, "cause": "sync"})
    return {"application": name, "revision": message["revision"]}
