"""The story that `scripts/demo` tells: nothing to Synced, a push, a drift, a bad commit rolled back, on real parts.

Each step says what happens, runs the command that a user would run, and checks what came of it; with --once the exit
status is 0 only if every step held. The times are seconds since the stack was up.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import urllib3

from devstack import build
from devstack.build import ROOT
from devstack.push import Checkout, Hook

SAMPLE = ROOT / "devstack" / "sample"
PATIENCE = 60.0
"""Seconds that any one step may take."""
PAYMENTS = "acme-corp/gitops-manifests"
OVERLAY = "apps/payments/overlays/production/kustomization.yaml"


class Broken(Exception):
    """A step of the story did not hold."""


class Story:
    """The stack's environment, a working copy of each sample repository, and a clock."""

    def __init__(self, environment: dict[str, str], work: Path) -> None:
        self.environment = environment
        self.hook = Hook(environment["DRIFTLESS_WEBHOOK_URL"], environment["DRIFTLESS_WEBHOOK_SECRET"])
        self.started = time.monotonic()
        self._http = urllib3.PoolManager(headers={"authorization": f"Bearer {environment['DRIFTLESS_TOKEN']}"})
        self.repositories = {
            name: self._copy(name, work)
            for name in (PAYMENTS, "my-org/ai-repo", "intern/myapp-deploy", "YOUR_USER/ai-coderrank")
        }

    def _copy(self, name: str, work: Path) -> Checkout:
        folder = work / name
        shutil.copytree(SAMPLE / name, folder)
        public = "https://gitea.example.com" if name.startswith("intern/") else "https://github.com"
        return Checkout(folder, self.environment["DRIFTLESS_GIT_URL"], name, public)

    def say(self, text: str) -> None:
        line = f"{time.monotonic() - self.started:6.1f} s  {text}"
        print(f"\033[1m{line}\033[0m" if _colours() else line, flush=True)

    def run(self, *command: str, accept: tuple[int, ...] = (0,)) -> str:
        """Run a command as a user would, show it and its output; Broken when it ends with another status."""
        print(f"          $ {' '.join(command)}", flush=True)
        done = self._carried_out(command)
        for line in (done.stdout + done.stderr).rstrip().splitlines():
            print(f"            {line}", flush=True)
        if done.returncode not in accept:
            raise Broken(f"{' '.join(command)} ended with status {done.returncode}")
        return done.stdout

    def quiet_kubectl(self, *arguments: str) -> str:
        return self._carried_out(("kubectl", *arguments)).stdout.strip()

    def _carried_out(self, command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        program = {"driftless": ROOT / "scripts" / "driftless", "kubectl": build.control_plane()["kubectl"]}[command[0]]
        return subprocess.run(
            [str(program), *command[1:]],
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def application(self, name: str) -> dict[str, Any]:
        answer = self._http.request("GET", f"{self.environment['DRIFTLESS_URL']}/api/v1/applications/{name}")
        return dict(answer.json()) if answer.status == 200 else {}

    def until(self, what: str, holds: Callable[[], object]) -> float:
        """Wait for something to hold; the seconds it took. Broken when it does not in time."""
        begun = time.monotonic()
        while not holds():
            if time.monotonic() - begun > PATIENCE:
                raise Broken(f"{what} did not come true within {PATIENCE:.0f} s")
            time.sleep(0.02)
        return time.monotonic() - begun

    def status(self, name: str) -> tuple[str, str, str]:
        """(sync, health, revision)"""
        shown = self.application(name).get("status") or {}
        sync, health = shown.get("sync") or {}, shown.get("health") or {}
        return sync.get("status", ""), health.get("status", ""), sync.get("revision", "")

    def well(self, name: str, revision: str = "") -> bool:
        sync, health, at = self.status(name)
        return (sync, health) == ("Synced", "Healthy") and at.startswith(revision)

    def push(self, name: str, subject: str) -> str:
        """Commit, push, and call the webhook as GitHub would."""
        sha = self.repositories[name].push(subject)
        status = self.repositories[name].deliver(self.hook)
        self.say(f'git push  {name} {sha[:7]} "{subject}"; webhook answered {status}')
        if status != 202:
            raise Broken(f"the webhook answered {status}")
        return sha


def tell(story: Story) -> None:
    _first_sync(story)
    _a_push(story)
    _a_drift(story)
    _a_bad_commit(story)
    story.say("the whole story held")


CHILDREN = ("platform-root", "payments-service", "user-api-staging", "ai-agent-prod", "myapp")


def _first_sync(story: Story) -> None:
    for checkout in story.repositories.values():
        checkout.push("the lessons' manifests")
    story.say("four repositories pushed: an app of apps, Kustomize overlays, a Helm chart, plain YAML")
    manifests = story.repositories[PAYMENTS].folder / "root-app.yaml"
    story.run("driftless", "apply", "-f", str(manifests))
    story.run("driftless", "apply", "-f", str(SAMPLE / "applications"))
    took = story.until("every application Synced and Healthy", lambda: all(story.well(name) for name in CHILDREN))
    story.say(
        f"{len(CHILDREN)} applications Synced and Healthy, {took:.1f} s later; platform-root brought up two of them"
    )
    story.run("driftless", "app", "list")


def _a_push(story: Story) -> None:
    story.repositories[PAYMENTS].replace(OVERLAY, "FEATURE_REFUNDS=off", "FEATURE_REFUNDS=on")
    sha = story.push(PAYMENTS, "payments: switch refunds on")
    took = story.until("the push Synced", lambda: story.well("payments-service", sha))
    story.say(f"payments-service Synced to {sha[:7]}, {took:.2f} s after the webhook's answer")
    value = story.run("kubectl", "-n", "payments", "get", "configmap", "payments-settings", "-o", "jsonpath={.data}")
    if '"FEATURE_REFUNDS":"on"' not in value:
        raise Broken("the pushed ConfigMap is not live")


def _a_drift(story: Story) -> None:
    story.say("somebody scales by hand, past Git")
    story.run("kubectl", "-n", "payments", "scale", "deployment/payments", "--replicas=5")
    shown = story.run("driftless", "app", "diff", "payments-service", accept=(1,))
    if "-  replicas: 3" not in shown or "+  replicas: 5" not in shown:
        raise Broken("the diff does not show the scaled replicas")
    story.run("driftless", "dev", "tick", "--state-dir", story.environment["DRIFTLESS_STATE_DIR"])

    def healed() -> bool:
        command = ["get", "deployment", "payments", "-n", "payments", "-o", "jsonpath={.spec.replicas}"]
        return story.quiet_kubectl(*command) == "3"

    took = story.until("the drift healed", healed)
    story.say(f"the poll found the drift and healed it: 3 replicas again, {took:.2f} s later")
    story.until("payments-service well again", lambda: story.well("payments-service"))


def _a_bad_commit(story: Story) -> None:
    base = "apps/payments/base/deployment.yaml"
    story.repositories[PAYMENTS].replace(base, "payments:v2.1.0", "payments:v2.2.0-broken")
    sha = story.push(PAYMENTS, "payments: v2.2.0")
    story.until("the bad commit deployed", lambda: story.status("payments-service")[2] == sha)
    story.say("v2.2.0 turns out to be broken: back to the deployment before, by number")
    story.run("driftless", "app", "history", "payments-service")
    before = story.application("payments-service")["status"]["history"][-2]["id"]
    story.run("driftless", "app", "rollback", "payments-service", str(before))
    image = story.quiet_kubectl(
        "get", "deployment", "payments", "-n", "payments", "-o", "jsonpath={.spec.template.spec.containers[0].image}"
    )
    if not image.endswith(":v2.1.0"):
        raise Broken(f"after the rollback the image is {image}")
    story.run("driftless", "dev", "tick", "--state-dir", story.environment["DRIFTLESS_STATE_DIR"])
    story.say("automation stays on, and leaves the bundle that was rolled away from alone")
    story.run("driftless", "app", "get", "payments-service")
    story.repositories[PAYMENTS].replace(base, "payments:v2.2.0-broken", "payments:v2.2.1")
    fixed = story.push(PAYMENTS, "payments: v2.2.1 mends it")
    took = story.until("the fix deployed", lambda: story.well("payments-service", fixed))
    story.say(f"the next commit is deployed by itself: Synced to {fixed[:7]}, {took:.2f} s later")


def _colours() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _environment(state: str) -> dict[str, str]:
    lines = subprocess.run(
        [str(ROOT / "scripts" / "driftless"), "dev", "env", "--state-dir", state],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    pairs = [shlex.split(line.removeprefix("export "))[0].split("=", 1) for line in lines.splitlines() if line]
    return dict(pair for pair in pairs if len(pair) == 2) | {"DRIFTLESS_STATE_DIR": state}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/demo", description="Driftless at work, on this machine, in a minute."
    )
    parser.add_argument("--once", action="store_true", help="end after the story; status 0 only if every step held")
    parser.add_argument("--state-dir", help="where the stack's state is kept (default: a temporary folder with --once)")
    parser.add_argument("--kubeconfig", help="use the cluster of this file's current context")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="driftless-demo-") as temporary:
        state = arguments.state_dir or (f"{temporary}/state" if arguments.once else str(ROOT / ".driftless"))
        return _up_and_told(arguments, state, Path(temporary) / "work")


def _up_and_told(arguments: argparse.Namespace, state: str, work: Path) -> int:
    driftless = str(ROOT / "scripts" / "driftless")
    mirrors = [f"--instead-of={host}/={{git}}/" for host in ("https://github.com", "https://gitea.example.com")]
    extra = ["--kubeconfig", arguments.kubeconfig] if arguments.kubeconfig else []
    up = [driftless, "dev", "up", "--detach", "--state-dir", state, *mirrors, *extra]
    if subprocess.run(up, check=False).returncode:
        return 1
    try:
        story = Story(_environment(state), work)
        tell(story)
    except (Broken, subprocess.TimeoutExpired) as broken:
        print(f"demo: {broken}; the logs are in {state}/logs and {state}/functions", file=sys.stderr)
        if arguments.once:
            _down(driftless, state)
        return 1
    if arguments.once:
        _down(driftless, state)
        return 0
    _stay(story, driftless, state)
    return 0


def _stay(story: Story, driftless: str, state: str) -> None:
    print(f"\n  dashboard  {story.environment['DRIFTLESS_URL']}/   (token: {story.environment['DRIFTLESS_TOKEN']})")
    print('  your shell eval "$(scripts/driftless dev env)", then: scripts/driftless app list')
    print("  Ctrl-C stops it", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    try:
        signal.pause()
    except KeyboardInterrupt:
        _down(driftless, state)


def _down(driftless: str, state: str) -> None:
    subprocess.run([driftless, "dev", "down", "--state-dir", state], check=False, timeout=60)


if __name__ == "__main__":
    sys.exit(main())
