"""The fetch flow over a real Git host and a mocked AWS: who is told, at what cost, and what a crash leaves behind."""

from __future__ import annotations

import copy
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from driftless import checkout, interest
from driftless.flows.fetch import GRACE_SECONDS, LEASE_SECONDS, fetch
from driftless.outlets.git import Git
from driftless.outlets.git.cache import Cache
from driftless.record import applications, repositories, state
from driftless.vocabulary import argo
from driftless.vocabulary.errors import LeaseLost, Unavailable
from tests.unit.flows.cloud import NOW, Cloud, Killed
from tests.unit.git.conftest import Repository


class Story:
    """One repository, some applications in it, and the flow run as its queue would."""

    def __init__(self, cloud: Cloud, repository: Repository, git: Git) -> None:
        self.cloud, self.repository, self.git = cloud, repository, git
        self.name = interest.canonical(repository.remote.url)
        self.before = repository.counts()

    def register(self, name: str, path: str, target: str = "main", **source: Any) -> None:
        self.cloud.register(name, self.repository.remote.url, path, target, **source)

    def look(self, cause: str = "webhook", **message: Any) -> dict[str, Any]:
        self.cloud.ask(self.name)
        return fetch({"repository": self.name, "cause": cause, **message}, self.cloud.world, self.git)

    def spent(self) -> dict[str, int]:
        """What the Git host was asked for since the last look."""
        now = self.repository.counts()
        spent = {w: now[w] - self.before.get(w, 0) for w in ("ls-refs", "fetch") if now.get(w, 0)}
        self.before = now
        return {what: count for what, count in spent.items() if count}

    def files(self, name: str) -> dict[str, str]:
        """What the application's artifact holds."""
        target = self.cloud.state(name).target
        assert target is not None
        data = self.cloud.world.store().get("artifacts", target.artifact)
        with tempfile.TemporaryDirectory() as folder:
            checkout.unpack(data, Path(folder))
            return {p.relative_to(folder).as_posix(): p.read_text() for p in Path(folder).rglob("*") if p.is_file()}

    def revision(self, name: str) -> str:
        target = self.cloud.state(name).target
        return target.revision if target else ""

    def error(self, name: str) -> str:
        target = self.cloud.state(name).target
        return target.error if target else ""


@pytest.fixture
def story(cloud: Cloud, repository: Repository, git: Git) -> Story:
    return Story(cloud, repository, git)


def many(story: Story, count: int) -> str:
    commit = story.repository.commit({f"apps/a{n:03}/x.yaml": str(n) for n in range(count)})
    for n in range(count):
        story.register(f"a{n:03}", f"apps/a{n:03}")
    return commit


def test_a_new_application_gets_its_artifact_its_target_and_a_call(story: Story) -> None:
    commit = story.repository.commit({"apps/a/x.yaml": "x", "apps/b/y.yaml": "y"}, "first")
    story.register("a", "apps/a")
    assert story.look("app", applications=["a"])["told"] == 1
    assert story.cloud.woken() == ["a"]
    assert story.files("a") == {"apps/a/x.yaml": "x"}
    target = story.cloud.state("a").target
    assert target is not None
    assert (target.revision, target.subject, target.author) == (commit, "first", "Ada <ada@acme.example>")
    assert target.source["path"] == "apps/a"
    assert target.at == NOW
    assert not target.error


def test_an_unchanged_repository_costs_one_listing_whatever_the_number_of_applications(story: Story) -> None:
    many(story, 25)
    story.look()
    story.spent(), story.cloud.woken()
    story.cloud.fuse.touches = 0
    assert story.look("poll")["told"] == 0
    assert story.spent() == {"ls-refs": 1}
    assert story.cloud.woken() == []
    assert story.cloud.fuse.touches == 3  # the request, the lease taken, the lease let go


def test_a_worker_without_copies_does_not_fetch_for_nothing(story: Story, tmp_path: Path) -> None:
    many(story, 3)
    story.look()
    story.spent()
    story.git = Git(lookup=lambda name: None, cache=Cache(tmp_path / "cold"))
    story.look("poll")
    assert story.spent() == {"ls-refs": 1}
    story.git.close()


def test_of_many_applications_only_the_changed_one_is_told(story: Story) -> None:
    many(story, 25)
    story.look()
    story.spent(), story.cloud.woken()
    commit = story.repository.commit({"apps/a007/x.yaml": "changed"})
    story.cloud.fuse.touches = 0
    assert story.look()["told"] == 1
    assert story.cloud.woken() == ["a007"]
    assert story.revision("a007") == commit
    assert story.files("a007") == {"apps/a007/x.yaml": "changed"}
    assert story.spent() == {"ls-refs": 1, "fetch": 1}
    assert story.cloud.fuse.touches == 7  # request, lease, artifact, target, message, inputs, lease


def test_a_commit_that_concerns_nobody_is_looked_at_once(story: Story) -> None:
    many(story, 5)
    story.look()
    story.repository.commit({"README.md": "r"})
    assert story.look()["told"] == 0
    story.spent()
    assert story.look("poll")["told"] == 0
    assert story.spent() == {"ls-refs": 1}


def test_a_new_application_on_a_known_commit(story: Story) -> None:
    many(story, 2)
    story.look()
    story.cloud.woken()
    story.register("late", "apps/a000")
    story.look("app", applications=["late"])
    assert story.cloud.woken() == ["late"]
    assert story.files("late") == story.files("a000")


def test_a_base_beside_the_path_concerns_its_users_alone(story: Story) -> None:
    story.repository.commit(
        {
            "base/kustomization.yaml": "resources: [d.yaml]",
            "base/d.yaml": "d",
            "prod/kustomization.yaml": "resources: [../base]",
            "plain/x.yaml": "x",
        }
    )
    story.register("prod", "prod")
    story.register("plain", "plain")
    story.look()
    story.cloud.woken()
    story.repository.commit({"base/d.yaml": "changed"})
    story.look()
    assert story.cloud.woken() == ["prod"]
    assert story.files("prod")["base/d.yaml"] == "changed"


def test_a_force_push_back_is_followed(story: Story) -> None:
    first = story.repository.commit({"a/x": "1"})
    story.register("a", "a")
    story.look()
    story.repository.commit({"a/x": "2"})
    story.look()
    story.repository.git("reset", "-q", "--hard", first)
    story.repository.push()
    story.look()
    assert story.revision("a") == first
    assert story.files("a") == {"a/x": "1"}


def test_a_moved_tag_is_followed(story: Story) -> None:
    story.repository.commit({"a/x": "1"})
    story.repository.git("tag", "v1")
    story.repository.push()
    story.register("a", "a", "v1")
    story.look()
    commit = story.repository.commit({"a/x": "2"})
    story.repository.git("tag", "-f", "-a", "-m", "moved", "v1")
    story.repository.push()
    story.look()
    assert story.revision("a") == commit


def test_a_deleted_branch_is_said_once_and_forgiven(story: Story) -> None:
    story.repository.commit({"a/x": "1"})
    story.repository.git("checkout", "-q", "-b", "feature")
    story.repository.push()
    story.register("a", "a", "feature")
    story.register("b", "a", "main")
    story.repository.git("push", "-q", str(story.repository.bare), "feature:main")
    story.look()
    story.cloud.woken()
    story.repository.git("push", "-q", str(story.repository.bare), "--delete", "feature")
    story.look()
    assert "feature is no branch, tag or commit of" in story.error("a")
    assert story.cloud.woken() == ["a"]
    assert story.look("poll")["told"] == 0
    story.repository.push()
    story.look()
    assert story.error("a") == ""
    assert story.files("a") == {"a/x": "1"}


def test_a_missing_path_concerns_one_application_and_is_said_once_per_commit(story: Story) -> None:
    story.repository.commit({"apps/a/x": "1"})
    story.register("a", "apps/a")
    story.register("gone", "apps/gone")
    story.look()
    assert "path apps/gone does not exist" in story.error("gone")
    assert story.files("a") == {"apps/a/x": "1"}
    story.cloud.woken()
    assert story.look("poll")["told"] == 0
    story.repository.commit({"apps/gone/x": "here"})
    story.look()
    assert story.files("gone") == {"apps/gone/x": "here"}


def test_a_chart_of_a_chart_repository_is_refused_without_asking_it_as_git(story: Story) -> None:
    story.register("postgresql", "", "13.2.0", chart="postgresql")
    assert story.look()["told"] == 1
    assert "not built yet" in story.error("postgresql")
    assert story.look()["told"] == 0
    assert story.spent() == {}
    assert story.look("sync", applications=["postgresql"])["told"] == 1


def test_a_broken_commit_and_its_repair_are_both_told(story: Story) -> None:
    story.repository.commit({"a/x": "1"})
    story.register("a", "a")
    story.look()
    (story.repository.folder / "a/y").symlink_to("/etc/passwd")
    story.repository.save()
    story.look()
    assert "the link a/y leads out of the repository" in story.error("a")
    story.repository.commit({"a/y": None})
    story.look()
    assert story.error("a") == ""


def test_a_commit_that_is_pushed_later_is_found_later(story: Story) -> None:
    story.repository.commit({"a/x": "1"})
    story.repository.git("commit", "-q", "--allow-empty", "-m", "not pushed yet")
    pinned = story.repository.git("rev-parse", "HEAD")
    story.register("a", "a", pinned)
    story.look()
    assert f"commit {pinned} is not in" in story.error("a")
    story.repository.push()
    story.look("poll")
    assert story.revision("a") == pinned
    story.spent()
    story.look("poll")
    assert story.spent() == {}  # a whole commit id needs no listing


def test_a_short_commit_id_is_searched_once(story: Story) -> None:
    old = story.repository.commit({"a/x": "1"})
    story.repository.commit({"a/x": "2"})
    story.register("a", "a", old[:8])
    story.look()
    assert story.revision("a") == old
    story.spent()
    story.look("poll")
    assert story.spent() == {"ls-refs": 1}


def test_a_changed_source_is_looked_at_anew(story: Story) -> None:
    story.repository.commit({"a/x": "1", "b/x": "2"})
    story.register("app", "a")
    story.look()
    before = applications.read(story.cloud.world.table, "app")
    manifest = copy.deepcopy(before.application.manifest)
    manifest["spec"]["source"]["path"] = "b"
    writes, _ = applications.change(before, argo.application(manifest), before.repository)
    story.cloud.world.table.write(*writes)
    assert story.revision("app") == ""
    story.look("app", applications=["app"])
    assert story.files("app") == {"b/x": "2"}


def test_somebody_who_waits_is_told_though_nothing_changed(story: Story) -> None:
    story.repository.commit({"a/x": "1", "b/x": "1"})
    story.register("a", "a")
    story.register("b", "b")
    story.look()
    story.cloud.woken()
    story.cloud.now += 60
    story.look("sync", applications=["a"])
    assert story.cloud.woken() == ["a"]
    target = story.cloud.state("a").target
    assert target is not None
    assert target.at == NOW + 60
    assert target.artifact


def test_somebody_who_waits_for_a_repository_that_is_not_there_is_told_again(story: Story) -> None:
    many(story, 2)
    shutil.rmtree(story.repository.bare)
    story.look()
    assert story.cloud.woken() == ["a000", "a001"]
    assert story.look("poll")["told"] == 0
    story.cloud.now += 60
    story.look("sync", applications=["a001"])
    assert story.cloud.woken() == ["a001"]
    target = story.cloud.state("a001").target
    assert target is not None
    assert target.at == NOW + 60
    assert "there is no Git repository" in target.error


def test_an_application_that_is_gone_meanwhile_hurts_nobody(story: Story) -> None:
    story.repository.commit({"a/x": "1", "b/x": "1"})
    story.register("a", "a")
    story.register("b", "b")
    stored = applications.read(story.cloud.world.table, "a")
    story.cloud.world.table.write(applications.forget(stored)[1])  # its state alone: the worst moment
    assert story.look()["told"] == 1
    assert story.cloud.woken() == ["b"]


def test_an_address_over_ssh_is_refused_for_its_applications(story: Story) -> None:
    story.cloud.register("a", "git@github.com:acme/r.git", "a")
    fetch({"repository": "github.com/acme/r", "applications": ["a"], "cause": "app"}, story.cloud.world, story.git)
    assert "Git over ssh is not built yet" in story.error("a")
    assert story.cloud.woken() == ["a"]


def test_a_repository_nobody_cares_about_is_not_looked_up(story: Story) -> None:
    assert story.look() == {"repository": story.name, "outcome": "looked up", "told": 0}
    assert story.spent() == {}


# ---- two at once, and crashes ----------------------------------------------------------------------------------------


def held_by_another(story: Story) -> repositories.Repository:
    held = repositories.acquire(story.cloud.world.table, story.name, story.cloud.now, LEASE_SECONDS)
    assert held is not None
    return held


def test_a_request_during_a_fetch_is_seen_before_the_lease_is_let_go(story: Story) -> None:
    story.repository.commit({"a/x": "1"})
    story.register("a", "a")
    held = held_by_another(story)
    assert story.look()["outcome"] == "another fetch is at it"
    assert not repositories.release(story.cloud.world.table, held, held)


def test_an_application_registered_during_a_fetch_is_seen_too(story: Story) -> None:
    story.cloud.ask(story.name)
    held = held_by_another(story)  # has read the request, and who cares, before the application was there
    story.register("a", "a")
    message = {"repository": story.name, "applications": ["a"], "cause": "app"}
    assert fetch(message, story.cloud.world, story.git)["outcome"] == "another fetch is at it"
    assert not repositories.release(story.cloud.world.table, held, held)


def test_who_asks_without_an_end_does_not_keep_the_repository_locked(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.repository.commit({"a/x": "1"})
    story.register("a", "a")
    look_up = story.git.look_up

    def asked_again_meanwhile(*arguments: Any) -> Any:
        story.cloud.ask(story.name)
        return look_up(*arguments)

    monkeypatch.setattr(story.git, "look_up", asked_again_meanwhile)
    done = story.look()
    assert done["outcome"].startswith("asked for faster than it is looked up") and done["told"] == 1
    assert story.cloud.fetch_queue.items == [({"repository": story.name, "cause": "retry"}, 0)]
    monkeypatch.undo()
    assert story.look("retry")["outcome"] == "looked up"


def test_somebody_who_waits_during_a_fetch_comes_back_and_is_told_once(story: Story) -> None:
    story.repository.commit({"a/x": "1"})
    story.register("a", "a")
    held = held_by_another(story)
    story.look("sync", applications=["a"])
    [(again, delay)] = story.cloud.fetch_queue.items
    assert (again["applications"], again["at"], delay) == (["a"], NOW, 1)
    repositories.release(story.cloud.world.table, repositories.read(story.cloud.world.table, story.name), held)
    story.cloud.now += 1
    fetch(again, story.cloud.world, story.git)
    assert story.cloud.woken() == ["a"]
    fetch(again, story.cloud.world, story.git)
    assert story.cloud.woken() == []


def test_a_fetch_that_was_overtaken_writes_nothing_more(story: Story) -> None:
    story.repository.commit({"a/x": "1"})
    story.register("a", "a")
    held = held_by_another(story)
    story.cloud.now += LEASE_SECONDS + 1
    story.look()
    with pytest.raises(LeaseLost):
        repositories.release(story.cloud.world.table, held, held)
    there = story.cloud.state("a").target
    assert there
    late = state.set_target("a", replace(there, revision="old"), held.fence)
    with pytest.raises(Exception, match="another writer was faster"):
        story.cloud.world.table.write(late)
    assert story.files("a") == {"a/x": "1"}


def test_a_second_message_for_what_was_served_costs_no_listing(story: Story) -> None:
    many(story, 2)
    story.look()
    story.spent()
    fetch({"repository": story.name, "cause": "webhook"}, story.cloud.world, story.git)
    assert story.spent() == {}


def outcome(story: Story) -> list[Any]:
    found: list[Any] = []
    for name in ("a", "b", "bad"):
        target = story.cloud.state(name).target
        assert target is not None
        row = story.cloud.interest(name, story.name)
        found.append((target.revision, target.artifact, target.error, row.commit, row.artifact, row.inputs))
    read = repositories.read(story.cloud.world.table, story.name)
    return [*found, read.refs, read.requested == read.served]


def begun(story: Story) -> None:
    story.repository.commit({"a/x": "1", "b/x": "1"})
    for name in ("a", "b", "bad"):
        story.register(name, name)
    story.cloud.ask(story.name)


MESSAGE = {"cause": "webhook"}


def test_killed_before_any_write_the_repeated_fetch_ends_the_same(story: Story) -> None:
    begun(story)
    before = story.cloud.fuse.touches
    fetch({"repository": story.name, **MESSAGE}, story.cloud.world, story.git)
    touches = story.cloud.fuse.touches - before
    expected = outcome(story)
    assert touches >= 7
    for at in range(1, touches + 1):
        for name in ("a", "b", "bad"):
            world = story.cloud.world
            world.table.write(*applications.forget(applications.read(world.table, name)))
            story.register(name, name)
        world.table.write(repositories.request(story.name))
        story.cloud.woken()
        story.cloud.fuse.touches, story.cloud.fuse.at = 0, at
        with pytest.raises(Killed):
            fetch({"repository": story.name, **MESSAGE}, world, story.git)
        called = story.cloud.woken()
        story.cloud.fuse.at = 0
        story.cloud.now += LEASE_SECONDS + 1
        fetch({"repository": story.name, **MESSAGE}, world, story.git)
        assert outcome(story) == expected, f"killed before write {at}"
        assert {*called, *story.cloud.woken()} == {"a", "b", "bad"}, f"killed before write {at}"


# ---- a host that is down ---------------------------------------------------------------------------------------------


@pytest.fixture
def down(story: Story, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The repository was looked up once, and then its host went away."""
    many(story, 2)
    story.look()
    story.cloud.woken()
    monkeypatch.setattr("driftless.outlets.git.remote.rewritten", lambda url, pairs: "http://127.0.0.1:1/r.git")
    return monkeypatch


@pytest.mark.usefixtures("down")
def test_within_the_grace_nobody_is_told_and_it_is_tried_again_soon(story: Story) -> None:
    assert story.look()["outcome"] == "unavailable"
    assert story.cloud.woken() == []
    assert [(m["cause"], delay) for m, delay in story.cloud.fetch_queue.items] == [("retry", 20)]
    assert story.look()["outcome"] == "unavailable"  # a push meanwhile begins no second chain
    assert len(story.cloud.fetch_queue.items) == 1
    [again] = story.cloud.fetch_queue.take()
    story.cloud.now += 20
    assert fetch(again, story.cloud.world, story.git)["outcome"] == "unavailable"
    assert [m["cause"] for m in story.cloud.fetch_queue.take()] == ["retry"]


def test_after_the_grace_the_applications_are_told_once_and_recover(story: Story, down: pytest.MonkeyPatch) -> None:
    artifact = story.cloud.interest("a000", story.name).artifact
    story.look()
    story.cloud.now += GRACE_SECONDS
    story.look("retry")
    assert story.cloud.woken() == ["a000", "a001"]
    assert "has not been reachable for 3 minutes" in story.error("a000")
    story.cloud.fetch_queue.take()
    story.cloud.now += 60
    assert story.look("poll")["told"] == 0
    assert story.cloud.fetch_queue.take() == []  # the poll asks again, nobody else
    assert story.look("sync", applications=["a001"])["told"] == 1  # somebody waits
    down.undo()
    story.look("poll")
    assert story.cloud.woken() == ["a000", "a001"]
    assert story.error("a000") == ""
    assert story.cloud.interest("a000", story.name).artifact == artifact
    assert repositories.read(story.cloud.world.table, story.name).failing_since == 0


def test_credentials_that_cannot_be_read_make_the_message_come_again(story: Story, tmp_path: Path) -> None:
    def unreadable(name: str) -> None:
        raise Unavailable("Secrets Manager is not answering")

    story.register("a", "a")
    story.git = Git(lookup=unreadable, cache=Cache(tmp_path / "none"))
    with pytest.raises(Unavailable, match="Secrets Manager"):
        story.look()


# ---- a named revision ------------------------------------------------------------------------------------------------

OPERATION = {"id": "1", "sync": {"prune": True}, "initiatedBy": {"username": "ada"}}


def named(story: Story, revision: str, name: str = "a") -> dict[str, Any]:
    message = {"repository": story.name, "application": name, "revision": revision, "operation": OPERATION}
    return fetch(message, story.cloud.world, story.git)


def test_a_named_revision_becomes_an_operation_with_its_own_artifact(story: Story) -> None:
    old = story.repository.commit({"a/x": "1"})
    story.repository.git("tag", "v1")
    story.repository.commit({"a/x": "2"})
    story.register("a", "a")
    story.look()
    story.cloud.woken()
    named(story, "v1")
    asked = story.cloud.state("a").asked
    assert asked is not None
    assert (asked["revision"], asked["sync"]) == (old, {"prune": True, "revision": old})
    assert story.cloud.world.store().has("artifacts", asked["artifact"])
    assert asked["artifact"] != story.cloud.interest("a", story.name).artifact
    assert story.cloud.woken() == ["a"]


def test_a_named_revision_that_is_nowhere_ends_its_operation(story: Story) -> None:
    story.repository.commit({"a/x": "1"})
    story.register("a", "a")
    named(story, "nope")
    asked = story.cloud.state("a").asked
    assert asked is not None
    assert "nope is no branch, tag or commit of" in asked["error"]
    assert story.cloud.woken() == ["a"]


def test_a_named_revision_for_nobody_is_dropped(story: Story) -> None:
    assert named(story, "main", "ghost")["outcome"] == "the application is gone"
    assert story.cloud.woken() == []


def test_while_another_operation_waits_a_named_revision_changes_nothing(story: Story) -> None:
    story.repository.commit({"a/x": "1"})
    story.register("a", "a")
    story.cloud.world.table.write(state.ask("a", {"id": "other"}))
    assert named(story, "main")["outcome"] == "another operation waits"
    assert story.cloud.state("a").asked == {"id": "other"}


# ---- many at once ----------------------------------------------------------------------------------------------------


def test_many_new_applications_are_told_in_a_few_requests(story: Story) -> None:
    many(story, 35)
    story.cloud.fuse.touches = 0
    assert story.look()["told"] == 35
    assert len(story.cloud.woken()) == 35
    assert story.files("a034") == {"apps/a034/x.yaml": "34"}
    assert story.spent() == {"ls-refs": 1, "fetch": 2}  # the folders, then all files
    assert story.cloud.fuse.touches == 3 + 35 + 4 * 3  # artifacts; then targets, messages and inputs by tens
