"""A person's and an attacker's hands on a running stack: pushes, REST calls, polls with a bound.

In: the stack's environment (`driftless dev env`). Out: answers and statuses, for tests/cluster/test_bad_input.py.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from devstack.push import Checkout, Hook

HTTP = urllib3.PoolManager(retries=False, timeout=40, maxsize=40)
PATIENCE = 60.0
ERRORS = {"ComparisonError", "InvalidSpecError"}


@dataclass(frozen=True)
class Answer:
    """`body` is the parsed JSON, or the text of what is none."""

    status: int
    body: Any
    text: str


class Hands:
    """`environment` is what `driftless dev env` prints; `folder` takes the working copies."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.environment, self.folder = environment, folder
        self.git_url = environment["DRIFTLESS_GIT_URL"]
        self.hook = Hook(environment["DRIFTLESS_WEBHOOK_URL"], environment["DRIFTLESS_WEBHOOK_SECRET"])

    def repository(self, name: str) -> Checkout:
        return Checkout(self.folder / name, self.git_url, f"hostile/{name}", public="https://github.com")

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> Answer:
        """One REST call as the administrator, or with another `token`; "" sends none."""
        token = self.environment["DRIFTLESS_TOKEN"] if token is None else token
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        answer = HTTP.request(method, self.environment["DRIFTLESS_URL"] + path, body=sent, headers=headers)
        return read(answer)

    def application(self, name: str, repository: Checkout | str, path: str, **source: Any) -> None:
        """Create an automated application of its own namespace."""
        answer = self.call("POST", "/api/v1/applications", application(name, repository, path, **source))
        assert answer.status == 200, answer.text

    def status(self, name: str) -> dict[str, Any]:
        answer = self.call("GET", f"/api/v1/applications/{name}")
        return dict(answer.body["status"]) if answer.status == 200 else {}

    def until(self, name: str, wanted: Callable[[dict[str, Any]], bool], seconds: float = PATIENCE) -> dict[str, Any]:
        """The application's status once `wanted` holds for it."""
        deadline = time.monotonic() + seconds
        shown: dict[str, Any] = {}
        while time.monotonic() < deadline:
            shown = self.status(name)
            if shown and wanted(shown):
                return shown
            time.sleep(0.2)
        raise AssertionError(f"{name} after {seconds:g} s: {json.dumps(shown, indent=1)[:3000]}")

    def trouble(self, name: str) -> str:
        """The sentence of the error that the application ends with: of its content, or of what is not built yet."""
        found = conditions(self.until(name, lambda status: bool(ERRORS & conditions(status).keys())))
        return next(found[kind] for kind in ERRORS if kind in found)

    def well(self, name: str) -> dict[str, Any]:
        return self.until(name, is_well)

    def looks(self, repository: Checkout) -> int:
        """How often the repository's refs were listed."""
        counts = HTTP.request("GET", f"{self.git_url}/-/counts").json()
        return int((counts.get(f"{repository.name}.git") or {}).get("ls-refs", 0))


def read(answer: Any) -> Answer:
    text = answer.data.decode(errors="replace")
    try:
        return Answer(answer.status, json.loads(text), text)
    except ValueError:
        return Answer(answer.status, None, text)


def application(name: str, repository: Checkout | str, path: str, **source: Any) -> dict[str, Any]:
    url = repository if isinstance(repository, str) else f"{repository.public}.git"
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {
            "project": "default",
            "source": {"repoURL": url, "path": path, "targetRevision": "main"} | source,
            "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}, "syncOptions": ["CreateNamespace=true"]},
        },
    }


def conditions(status: Mapping[str, Any]) -> dict[str, str]:
    return {row["type"]: row["message"] for row in status.get("conditions") or ()}


def is_well(status: Mapping[str, Any]) -> bool:
    return bool(status["sync"]["status"] == "Synced" and status["health"]["status"] == "Healthy")


def push_with_submodule(checkout: Checkout, path: str) -> None:
    """Commit everything and a submodule at `path`, as `git submodule add` leaves it behind, without its content."""

    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(checkout.folder), *arguments], check=True, timeout=60)

    git("add", "-A")
    git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{path}")
    git("commit", "-q", "-m", "with a submodule")
    git("push", "-q", "-f", "origin", "main")
