"""A real Git host (`git http-backend`) on loopback, and repositories made with the real git."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from devstack import gitserver
from driftless.outlets.git import Git
from driftless.outlets.git.cache import Cache
from driftless.vocabulary.git import Remote


@dataclass
class Repository:
    """A working copy whose commits are pushed at once to `remote`."""

    folder: Path
    bare: Path
    remote: Remote
    host: gitserver.GitHost

    def git(self, *arguments: str) -> str:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@acme.example",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@acme.example",
            "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
            "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
        }
        command = ["git", "-c", "protocol.file.allow=always", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.strip()

    def commit(self, files: dict[str, str | None], message: str = "change") -> str:
        """Write (None: remove) files, commit, push; the commit's id."""
        for name, text in files.items():
            path = self.folder / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return self.save(message)

    def save(self, message: str = "change") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        self.push()
        return self.git("rev-parse", "HEAD")

    def push(self) -> None:
        """Push the branch and the tags as they are."""
        self.git("push", "-q", "--force", str(self.bare), "HEAD", "--tags")

    def counts(self) -> dict[str, int]:
        """How often the host was asked for what, since the start."""
        return self.host.counts().get(self.bare.name, {})


@pytest.fixture(scope="session")
def git_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadingHTTPServer]:
    server = gitserver.serve(tmp_path_factory.mktemp("git-host"), 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture
def repository(git_host: ThreadingHTTPServer, tmp_path: Path, request: pytest.FixtureRequest) -> Repository:
    host: gitserver.GitHost = git_host.RequestHandlerClass.host  # type: ignore[attr-defined]
    name = f"{tmp_path.name}.git"
    host.create(name)
    folder = tmp_path / "work"
    folder.mkdir()
    port = git_host.server_address[1]
    remote = Remote(f"http://127.0.0.1:{port}/{name}", f"127.0.0.1:{port}/{tmp_path.name}")
    made = Repository(folder, host.folder / name, remote, host)
    made.git("init", "-q", "-b", "main")
    return made


@pytest.fixture
def git(tmp_path: Path) -> Iterator[Git]:
    made = Git(lookup=lambda name: None, cache=Cache(tmp_path / "cache"))
    yield made
    made.close()
