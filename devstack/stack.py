"""The whole development stack, put together in the order its parts need each other.

In: a state folder and options. Out: running parts, and `environment`, the names and addresses that scripts work
with. What does not need to wait for another part starts beside it; from nothing to ready is some five seconds.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devstack import build, eks, kubeconfig
from devstack.controlplane import ControlPlane
from devstack.kubeconfig import Cluster
from devstack.localaws import LocalAws
from devstack.processes import Part, Processes, free_port
from devstack.sigv4 import Identity
from devstack.template import ACCOUNT, REGION, Template

DEVELOPER = Identity("test", "test", "", f"arn:aws:iam::{ACCOUNT}:user/developer")
Report = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """`kubeconfig`: an existing cluster instead of `clusters` of our own. `parameters`: the template's, by name.

    In the parameter GitInsteadOf, {git} stands for the local Git server's address, which nobody knows beforehand.
    """

    kubeconfig: Path | None = None
    clusters: int = 1
    parameters: Mapping[str, str] = field(default_factory=dict)
    template: Path = build.ROOT / "template.yaml"


class Stack:
    """Start, use, stop. `environment` is complete after `start`."""

    def __init__(self, folder: Path, options: Options, report: Report) -> None:
        self.folder = folder
        self.options = options
        self.started = time.monotonic()
        self._report = report
        self.processes = Processes(folder / "logs")
        self.aws = LocalAws(folder)
        self.git_port, self.api_port, self.control_port = free_port(), free_port(), free_port()
        self.git_url, self.url, self.control_url = (
            f"http://127.0.0.1:{port}" for port in (self.git_port, self.api_port, self.control_port)
        )
        self.planes: dict[str, ControlPlane] = {}
        for name in [] if options.kubeconfig else _names(options.clusters):
            webhook = f"{self.control_url}/-/eks/{name}"
            self.planes[name] = ControlPlane(folder / "clusters" / name, token_webhook=webhook)
        self.environment: dict[str, str] = {}

    def start(self) -> None:
        """Start everything; on a failure stop what has started, and raise DriftlessError."""
        parameters = dict(self.options.parameters)
        if self.options.kubeconfig:
            parameters.setdefault("StoredClusterCredentials", "allowed")
        if "GitInsteadOf" in parameters:
            parameters["GitInsteadOf"] = parameters["GitInsteadOf"].replace("{git}", self.git_url)
        template = Template.load(self.options.template, parameters)
        clusters = [kubeconfig.of_file(self.options.kubeconfig)] if self.options.kubeconfig else []
        try:
            build.tools()
            if self.planes:
                build.control_plane()
            starters: list[Callable[[], None]] = [lambda: self._start_aws(template), self._start_git]
            starters += [lambda n=name: self._start_plane(n) for name in self.planes]  # type: ignore[misc]
            with ThreadPoolExecutor(max_workers=len(starters)) as workers:
                for started in [workers.submit(starter) for starter in starters]:
                    started.result()
            self._start_host(template)
            clusters += [kubeconfig.of_control_plane(name, plane) for name, plane in self.planes.items()]
            self.environment = self._environment(template)
            self._register(clusters)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything, the functions first: nobody is left to ask what is gone."""
        self.processes.stop()
        owners: list[LocalAws | ControlPlane] = [self.aws, *self.planes.values()]
        with ThreadPoolExecutor(max_workers=len(owners)) as workers:
            list(workers.map(lambda owner: owner.stop(), owners))

    def parts(self) -> dict[str, Part]:
        """Every process by a name of its own, for `dev status`."""
        named = {part.name: part for part in (*self.processes.parts, *self.aws.processes.parts)}
        for name, plane in self.planes.items():
            named |= {f"{name}/{part.name}": part for part in plane.processes.parts}
        return named

    def say(self, line: str) -> None:
        self._report(f"{time.monotonic() - self.started:5.1f} s  {line}")

    def _start_aws(self, template: Template) -> None:
        self.aws.start()
        self.aws.create(template)
        self.say(f"local AWS at {self.aws.endpoint}")

    def _start_git(self) -> None:
        command = [sys.executable, "-m", "devstack.gitserver", str(self.folder / "git"), str(self.git_port)]
        part = self.processes.start("git-server", command, python_environment())
        self.processes.wait_listening(part, self.git_port)
        self.say(f"Git server at {self.git_url}")

    def _start_plane(self, name: str) -> None:
        plane = self.planes[name]
        plane.start()
        eks.grant(plane)
        self.say(f"control plane {name} at {plane.endpoint}")

    def _start_host(self, template: Template) -> None:
        roles = {function.role for function in template.functions()}
        identities = [DEVELOPER, *(Identity.of_role(arn) for arn in sorted(roles))]
        settings = {
            "folder": str(self.folder),
            "template": str(template.path),
            "parameters": dict(template.parameters),
            "attributes": [(i, a, v) for (i, a), v in template.attributes.items()],
            "identities": [vars(identity) for identity in identities],
            "endpoints": self._endpoints(),
            "aws_port": self.aws.port,
            "api_port": self.api_port,
            "control_port": self.control_port,
        }
        path = self.folder / "host.json"
        path.touch(0o600)
        path.write_text(json.dumps(settings))
        command = [sys.executable, "-m", "devstack.host", str(path)]
        part = self.processes.start("functions-host", command, python_environment())
        self.processes.wait_listening(part, self.control_port)
        self.say(f"functions behind {self.url}")

    def _endpoints(self) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": self.aws.endpoint, "AWS_ENDPOINT_URL_LAMBDA": self.control_url}

    def _environment(self, template: Template) -> dict[str, str]:
        if self.planes:
            config = self.folder / "kubeconfig"
            kubeconfig.write(config, self.planes)
        else:
            assert self.options.kubeconfig is not None
            config = self.options.kubeconfig.resolve()
        attributes = template.attributes
        return {
            "KUBECONFIG": str(config),
            "DRIFTLESS_URL": self.url,
            "DRIFTLESS_TOKEN": str(self.aws.secret(attributes["ConsoleToken", ""])["token"]),
            "DRIFTLESS_WEBHOOK_URL": f"{self.url}/api/webhook",
            "DRIFTLESS_WEBHOOK_SECRET": str(self.aws.secret(attributes["WebhookSecret", ""])["default"]),
            "DRIFTLESS_GIT_URL": self.git_url,
            "DRIFTLESS_TABLE": attributes["Table", ""],
            "DRIFTLESS_BUCKET": attributes["Bucket", ""],
            "DRIFTLESS_SYNC_FUNCTION": attributes["Sync", ""],
            **self._endpoints(),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": DEVELOPER.access_key,
            "AWS_SECRET_ACCESS_KEY": DEVELOPER.secret,
        }

    def _register(self, clusters: list[Cluster]) -> None:
        for cluster in clusters:
            try:
                status, answer = self.request("POST", "/api/v1/clusters", cluster.registration)
            except (OSError, http.client.HTTPException) as error:
                status, answer = 0, str(error)
            if status in (200, 201, 409):
                self.say(f"cluster {cluster.name} registered as {cluster.server}")
            else:
                self.say(f"cluster {cluster.name} could not be registered: {status or 'no answer'} {answer[:200]}")

    def request(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, str]:
        """One REST call as administrator: (status, text)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=60)
        headers = {
            "Authorization": f"Bearer {self.environment['DRIFTLESS_TOKEN']}",
            "Content-Type": "application/json",
        }
        try:
            connection.request(method, path, json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        finally:
            connection.close()


def _names(clusters: int) -> list[str]:
    return [kubeconfig.IN_CLUSTER, *(f"cluster-{number}" for number in range(2, clusters + 1))]


def python_environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": f"{build.ROOT / 'layers/core'}:{build.ROOT}"}
