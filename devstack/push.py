"""A push as a person and GitHub make it: files, a commit, the Git server, a signed event to the webhook.

In: a folder of files, or changed files. Out: the commit. For the demo, the benchmarks and the tests of the whole.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import urllib3

_HTTP = urllib3.PoolManager(retries=False, timeout=30)
_ZERO = "0" * 40


@dataclass(frozen=True)
class Hook:
    """Where the webhook is and its secret; `public` is the address under which Git hosts and applications know it."""

    url: str
    secret: str


class Checkout:
    """A working copy of one repository of the local Git server; `name` is owner/repository."""

    def __init__(self, folder: Path, git_url: str, name: str, public: str = "https://github.com") -> None:
        self.folder, self.name = folder, name
        self.public = f"{public}/{name}"
        self.remote = f"{git_url}/{name}.git"
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / ".git").exists():
            self._git("init", "-q", "-b", "main")
            self._git("config", "user.name", "Ada Lovelace")
            self._git("config", "user.email", "ada@acme-corp.example")
            self._git("config", "commit.gpgsign", "false")
            self._git("remote", "add", "origin", self.remote)

    def write(self, files: Mapping[str, str | None]) -> None:
        """Write files by path; None deletes one."""
        for path, text in files.items():
            file = self.folder / path
            if text is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def replace(self, path: str, old: str, new: str) -> None:
        file = self.folder / path
        text = file.read_text()
        if old not in text:
            raise ValueError(f"{path} does not hold {old!r}")
        file.write_text(text.replace(old, new))

    def push(self, subject: str) -> str:
        """Commit everything and push main; the commit's SHA."""
        self._git("add", "-A")
        self._git("commit", "-q", "--allow-empty", "-m", subject)
        self._git("push", "-q", "-f", "origin", "main")
        return self.head()

    def head(self) -> str:
        return self._git("rev-parse", "HEAD")

    def deliver(self, hook: Hook, *, delivery: str = "") -> int:
        """POST the push of HEAD to the webhook, as GitHub does; the answer's status."""
        headers, body = self.event(hook.secret, delivery or str(uuid.uuid4()))
        return _HTTP.request("POST", hook.url, body=body, headers=headers).status

    def event(self, secret: str, delivery: str) -> tuple[dict[str, str], bytes]:
        """Headers and body of GitHub's push event for HEAD, with its signature."""
        before = self._git("rev-parse", "--verify", "-q", "HEAD~1", check=False) or _ZERO
        names = self._git("diff-tree", "--no-commit-id", "--name-only", "-r", "--root", "HEAD").split("\n")
        commit = {"id": self.head(), "message": self._git("log", "-1", "--format=%s"), "added": [], "removed": []}
        document = {
            "ref": "refs/heads/main",
            "before": before,
            "after": self.head(),
            "created": before == _ZERO,
            "deleted": False,
            "forced": False,
            "commits": [commit | {"modified": [name for name in names if name]}],
            "repository": {
                "full_name": self.name,
                "html_url": self.public,
                "clone_url": f"{self.public}.git",
                "default_branch": "main",
            },
        }
        body = json.dumps(document).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "content-type": "application/json",
            "x-github-event": "push",
            "x-github-delivery": delivery,
            "x-hub-signature-256": f"sha256={signature}",
        }
        return headers, body

    def _git(self, *arguments: str, check: bool = True) -> str:
        command = ["git", "-C", str(self.folder), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout.strip() if done.returncode == 0 else ""
