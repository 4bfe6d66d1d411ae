"""The Git outlet against a real smart-HTTP server: look-ups, fetches, copies on disk, refusals by meaning."""

from __future__ import annotations

import http.server
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from driftless.outlets.git import Git, RepositoryUnavailable, connection
from driftless.outlets.git.address import refuse_peer, rewritten, without_user
from driftless.outlets.git.cache import Cache
from driftless.vocabulary.errors import NotBuiltYet, SourceError
from driftless.vocabulary.git import Remote, shown
from tests.unit.git.conftest import Repository


def spent(repository: Repository, before: dict[str, int]) -> dict[str, int]:
    now = repository.counts()
    return {what: now[what] - before.get(what, 0) for what in now if now[what] != before.get(what, 0)}


@pytest.fixture(params=["partial", "whole"])
def served(repository: Repository, request: pytest.FixtureRequest) -> Repository:
    """A server that can leave contents out, and one that cannot."""
    if request.param == "whole":
        repository.git("-C", str(repository.bare), "config", "uploadpack.allowFilter", "false")
        connection._advertisements.clear()
    return repository


def test_a_look_up_sees_branches_peeled_tags_and_where_head_points(repository: Repository, git: Git) -> None:
    first = repository.commit({"a": "1"})
    repository.git("tag", "light")
    repository.git("tag", "-a", "-m", "x", "annotated")
    second = repository.commit({"a": "2"})
    refs = git.look_up(repository.remote)
    assert refs.head == "refs/heads/main"
    assert refs.refs["refs/heads/main"] == refs.refs["HEAD"] == second
    assert refs.refs["refs/tags/light"] == refs.refs["refs/tags/annotated"] == first


def test_a_ref_elsewhere_is_seen_when_an_application_names_it(repository: Repository, git: Git) -> None:
    commit = repository.commit({"a": "1"})
    repository.git("push", "-q", str(repository.bare), "HEAD:refs/pull/7/head")
    assert "refs/pull/7/head" not in git.look_up(repository.remote).refs
    assert git.look_up(repository.remote, ["pull/7/head"]).refs["refs/pull/7/head"] == commit


def test_an_empty_repository_has_no_refs(repository: Repository, git: Git) -> None:
    assert git.look_up(repository.remote).refs == {}


def test_trees_tell_what_lies_where(served: Repository, git: Git) -> None:
    commit = served.commit({"apps/a/x.yaml": "x", "apps/a/deep/y.yaml": "yy", "top": "t"}, "first line\n\nmore")
    trees = git.fetch(served.remote, commit)
    assert [e.path for e in trees.list("")] == ["apps", "top"]
    assert [e.path for e in trees.walk("apps")] == ["apps/a/deep/y.yaml", "apps/a/x.yaml"]
    assert trees.read("apps/a/deep/y.yaml") == b"yy"
    assert trees.object_id("apps/a") == served.git("rev-parse", "HEAD:apps/a")
    assert trees.object_id("apps/b") == trees.object_id("top/x") == ""
    assert trees.commit.subject == "first line"
    assert (trees.commit.author, trees.commit.date) == ("Ada <ada@acme.example>", "2026-01-02T03:04:05Z")


def test_the_next_commit_costs_one_listing_and_one_fetch(served: Repository, git: Git) -> None:
    git.fetch(served.remote, served.commit({f"f/{n}": str(n) for n in range(20)})).read("f/1")
    commit = served.commit({"f/1": "changed"})
    before = served.counts()
    assert git.look_up(served.remote).refs["HEAD"] == commit
    trees = git.fetch(served.remote, commit)
    assert trees.read("f/1") == b"changed"
    assert trees.read("f/2") == b"2"
    assert spent(served, before) == {"ls-refs": 1, "fetch": 1}


def test_a_commit_already_here_costs_nothing(repository: Repository, git: Git) -> None:
    commit = repository.commit({"a": "1"})
    git.fetch(repository.remote, commit).read("a")
    before = repository.counts()
    assert git.fetch(repository.remote, commit).read("a") == b"1"
    assert spent(repository, before) == {}


@pytest.fixture
def large(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository whose contents are not all fetched: any has too many files now."""
    monkeypatch.setattr("driftless.outlets.git.remote.SMALL_FILES", 0)
    return repository


def test_the_contents_of_many_folders_come_in_one_request(large: Repository, git: Git) -> None:
    trees = git.fetch(large.remote, large.commit({f"{n}/f": str(n) for n in range(50)}))
    before = large.counts()
    trees.fill(trees.walk(""))
    assert trees.read("49/f") == b"49"
    assert spent(large, before) == {"fetch": 1}


def test_a_large_repository_s_next_commit_brings_folders_then_what_is_read(large: Repository, git: Git) -> None:
    git.fetch(large.remote, large.commit({f"{n}/f": "same" * 99 + str(n) for n in range(50)})).read("1/f")
    commit = large.commit({"1/f": "same" * 99 + "changed", "2/f": "same" * 99 + "changed too"})
    before = large.counts()
    git.look_up(large.remote)
    trees = git.fetch(large.remote, commit)
    assert trees.read("1/f").endswith(b"changed")
    assert spent(large, before) == {"ls-refs": 1, "fetch": 2}
    assert trees.read("2/f").endswith(b"changed too")
    assert trees.read("3/f").endswith(b"3")


def test_few_but_large_files_are_left_where_they_are(
    repository: Repository, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("driftless.outlets.git.remote.SMALL_BYTES", 500)
    commit = repository.commit({"large": os.urandom(4000).hex(), "a/x": "1"})
    trees = git.fetch(repository.remote, commit)
    assert not git._cache.open(repository.remote.name).whole
    assert trees.read("a/x") == b"1"


def test_a_force_push_is_just_another_commit(served: Repository, git: Git) -> None:
    served.commit({"a": "1"})
    git.fetch(served.remote, served.commit({"a": "2"})).read("a")
    served.git("reset", "-q", "--hard", "HEAD~1")
    commit = served.commit({"a": "3", "b": "new"})
    trees = git.fetch(served.remote, commit)
    assert (trees.read("a"), trees.read("b")) == (b"3", b"new")


def test_a_tag_object_stands_for_its_commit(repository: Repository, git: Git) -> None:
    commit = repository.commit({"a": "1"})
    repository.git("tag", "-a", "-m", "x", "v1")
    repository.git("push", "-q", str(repository.bare), "v1")
    assert git.fetch(repository.remote, repository.git("rev-parse", "v1")).commit.id == commit


def test_a_commit_that_is_not_there_is_named(repository: Repository, git: Git) -> None:
    repository.commit({"a": "1"})
    with pytest.raises(SourceError, match="commit 1111111111111111111111111111111111111111 is not in http"):
        git.fetch(repository.remote, "1" * 40)


def test_a_damaged_copy_is_wiped_and_fetched_anew(repository: Repository, tmp_path: Path) -> None:
    git = Git(lookup=lambda name: None, cache=Cache(tmp_path / "damaged"))
    commit = repository.commit({"a": "1"})
    git.fetch(repository.remote, commit).read("a")
    for pack in (tmp_path / "damaged").rglob("*.pack"):
        pack.chmod(0o600)
        pack.write_bytes(b"\0" * pack.stat().st_size)
    git._cache._copies[repository.remote.name].store.close()
    assert git.fetch(repository.remote, commit).read("a") == b"1"
    git.close()


def test_the_least_used_copy_goes_first(repository: Repository, tmp_path: Path) -> None:
    commit = repository.commit({"a": "1"})
    cache = Cache(tmp_path / "small", limit=1)
    git = Git(lookup=lambda name: None, cache=cache)
    other = Remote(repository.remote.url, "another/name")
    git.fetch(repository.remote, commit)
    git.fetch(other, commit)
    assert list(cache._copies) == ["another/name"]
    git.close()
    assert not cache.folder.exists()


def test_a_short_commit_id_is_found_in_the_history(served: Repository, git: Git) -> None:
    old = served.commit({"a": "1"})
    served.commit({"a": "2"})
    assert git.find(served.remote, old[:8], git.look_up(served.remote)) == old
    with pytest.raises(SourceError, match="0000000 is no branch, tag or commit of"):
        git.find(served.remote, "0000000", git.look_up(served.remote))


def test_no_repository_there_is_said_with_the_address(repository: Repository, git: Git) -> None:
    gone = Remote(repository.remote.url.replace(".git", "-gone.git"), "gone")
    with pytest.raises(SourceError, match=r"there is no Git repository at http://127.0.0.1:\d+/.*-gone.git; check"):
        git.look_up(gone)


def test_a_host_that_is_down_is_unavailable(git: Git) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        remote = Remote(f"http://127.0.0.1:{taken.getsockname()[1]}/r.git", "down")
        with pytest.raises(RepositoryUnavailable, match="is not answering"):
            git.look_up(remote)


@contextmanager
def answering(status: int, body: bytes = b"", **headers: str) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/r.git"
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (401, SourceError, "asks for credentials"),
        (403, SourceError, "asks for credentials"),
        (404, SourceError, "there is no Git repository at"),
        (429, RepositoryUnavailable, "answered with status 429"),
        (500, RepositoryUnavailable, "answered with status 500"),
        (200, SourceError, "does not speak Git's smart HTTP protocol"),
    ],
)
def test_an_answer_means(status: int, kind: type[Exception], said: str, git: Git) -> None:
    with answering(status, b"<html>") as url, pytest.raises(kind, match=said):
        git.look_up(Remote(url, "r"))


def test_what_is_not_the_protocol_is_no_fault_of_ours(git: Git) -> None:
    advertisement = b"001e# service=git-upload-pack\n0000ffffgarbage"
    content = "application/x-git-upload-pack-advertisement"
    with answering(200, advertisement, Content_Type=content) as url, pytest.raises(RepositoryUnavailable):
        git.look_up(Remote(url, "r"))


def test_refused_credentials_are_not_shown() -> None:
    git = Git(lookup=lambda name: ("ada", "s3cret"))
    with answering(403) as url, pytest.raises(SourceError, match="refused our credentials") as refusal:
        git.look_up(Remote(url.replace("//", "//bob:hunter2@"), "r"))
    assert "s3cret" not in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_credentials_go_to_their_own_host_only(repository: Repository) -> None:
    sent: list[str | None] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent.append(self.headers.get("Authorization"))
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    target = f"http://127.0.0.1:{server.server_address[1]}/r.git/info/refs?service=git-upload-pack"
    git = Git(lookup=lambda name: ("ada", "s3cret"))
    with answering(302, Location=target) as url, pytest.raises(SourceError):
        git.look_up(Remote(url, "r"))
    server.shutdown()
    server.server_close()
    assert sent == [None]


def test_a_redirect_leads_nowhere_that_a_url_may_not(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(404) as forbidden, answering(302, Location=forbidden) as url:
        monkeypatch.setattr("driftless.outlets.git.address.RUNTIME_API_PORT", urlsplit(forbidden).port)
        with pytest.raises(SourceError, match="not a Git host but this machine's own service"):
            git.look_up(Remote(url, "r"))


@pytest.mark.parametrize(
    "peer", ["169.254.169.254", "169.254.170.2", "fe80::1%eth0", "fd00:ec2::254", "::ffff:169.254.169.254", "0.0.0.0"]
)
def test_a_metadata_address_is_refused(peer: str) -> None:
    with pytest.raises(SourceError, match="which is not a Git host"):
        refuse_peer(peer, 80)


def test_the_runtime_api_of_lambda_is_refused_on_loopback_alone() -> None:
    with pytest.raises(SourceError):
        refuse_peer("127.0.0.1", 9001)
    refuse_peer("127.0.0.1", 3000)
    refuse_peer("140.82.112.3", 9001)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("git@github.com:acme/r.git", NotBuiltYet),
        ("ssh://git@github.com/acme/r.git", NotBuiltYet),
        ("oci://ghcr.io/acme/r", NotBuiltYet),
        ("file:///etc", SourceError),
        ("/etc/passwd", SourceError),
        ("git://github.com/acme/r.git", SourceError),
        ("https://", SourceError),
        ("", SourceError),
    ],
)
def test_other_transports_are_refused_with_a_sentence(url: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        rewritten(url, ())


@pytest.mark.parametrize(
    "url",
    [
        "https://git.test:99999999/r",
        "https://[::1/r",
        "https://git.test/r\r\nX: y",
        "https://git test/r",
        "https://g\0/r",
    ],
)
def test_an_address_that_nobody_can_read_is_refused_at_once(url: str) -> None:
    with pytest.raises(SourceError, match=r"is not an address; use https://host/path, without spaces"):
        rewritten(url, ())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://ada:s3cret@git.test/r", "https://git.test/r"),
        ("https://ada:s3cret@[::1/r", "https://[::1/r"),
        ("ada:s3cret@git.test/r", "git.test/r"),
        ("ftp://ada:s3@cret@git.test/r", "ftp://git.test/r"),
        ("git@github.com:acme/r.git", "git@github.com:acme/r.git"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, expected: str) -> None:
    assert shown(url) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h:8443/r.git", ("https://h:8443/r.git", None)),
        ("https://ada@h/r.git", ("https://h/r.git", None)),
        ("https://ada:p%40ss@h:1/r.git", ("https://h:1/r.git", ("ada", "p@ss"))),
    ],
)
def test_a_password_in_the_address_becomes_a_credential(url: str, expected: tuple[str, object]) -> None:
    assert without_user(url) == expected


def test_the_longest_mirror_wins() -> None:
    mirrors = (("https://github.com/acme/", "http://127.0.0.1:1/"), ("https://github.com/", "https://mirror/"))
    assert rewritten("https://github.com/acme/r.git", mirrors) == "http://127.0.0.1:1/r.git"
    assert rewritten("https://github.com/other/r.git", mirrors) == "https://mirror/other/r.git"


def test_more_than_the_cap_is_refused(large: Repository, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_BYTES", 2000)
    trees = git.fetch(large.remote, large.commit({"a": os.urandom(4000).hex()}))
    with pytest.raises(SourceError, match="sends more than"):
        trees.read("a")
