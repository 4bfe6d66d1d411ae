"""The functions of template.yaml as processes: who may run how many at once, with which environment.

In: a resolved function and an event. Out: its answer. An environment variable that the template does not give and
Lambda does not set is not there, so what works here does not work by accident of a developer's shell.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devstack import build
from devstack.runtimeapi import Answer, Launch, Slot
from devstack.sigv4 import Identity
from devstack.template import ACCOUNT, REGION, Function, Template

CONCURRENCY = 4
"""Environments of one function at once, unless its event source allows fewer: more only queue on a laptop's cores."""
WARM = {"Fetch": 2, "Sync": 2}


@dataclass(frozen=True)
class Surroundings:
    """What every function's environment needs to know of the stack: addresses by variable name, and folders."""

    endpoints: Mapping[str, str]
    logs: Path
    temporary: Path


class Pool:
    """The environments of one function: warm ones first, new ones up to a limit, then callers wait their turn."""

    def __init__(self, launch: Launch, limit: int) -> None:
        self.launch = launch
        self.limit = limit
        self.idle: list[Slot] = []
        self.running = 0
        self.changed = threading.Condition()
        self.closed = False

    def invoke(self, event: bytes) -> Answer:
        slot = self._acquire()
        try:
            return slot.invoke(event)
        finally:
            self._release(slot)

    def warm(self, count: int) -> None:
        """Start `count` environments now; they load their handlers meanwhile."""
        for _ in range(min(count, self.limit)):
            slot = Slot(self.launch)
            with self.changed:
                self.idle.append(slot)

    def free(self) -> int:
        """How many calls would start at once now."""
        with self.changed:
            return self.limit - self.running

    def close(self) -> None:
        with self.changed:
            self.closed = True
            slots, self.idle = self.idle, []
            self.changed.notify_all()
        for slot in slots:
            slot.close()

    def _acquire(self) -> Slot:
        with self.changed:
            self.changed.wait_for(lambda: self.running < self.limit)
            self.running += 1
            while self.idle:
                slot = self.idle.pop()
                if slot.alive:
                    return slot
                threading.Thread(target=slot.close, daemon=True).start()
        try:
            return Slot(self.launch)
        except BaseException:
            with self.changed:
                self.running -= 1
            raise

    def _release(self, slot: Slot) -> None:
        with self.changed:
            self.running -= 1
            keep = slot.alive and not self.closed
            if keep:
                self.idle.append(slot)
            self.changed.notify()
        if not keep:
            slot.close()


class Functions:
    """Every function of the template, by name."""

    def __init__(self, template: Template, identities: Mapping[str, Identity], around: Surroundings) -> None:
        """`identities` maps a role's ARN to the keys its functions run with."""
        self.declared = {function.name: function for function in template.functions()}
        self.pools: dict[str, Pool] = {}
        for name, function in self.declared.items():
            launch = _launch(template, function, identities[function.role], around)
            self.pools[name] = Pool(launch, _limit(function))

    def invoke(self, name: str, event: bytes) -> Answer:
        return self.pools[name].invoke(event)

    def warm(self) -> None:
        for name, pool in self.pools.items():
            pool.warm(WARM.get(self.declared[name].logical_id, 1))

    def close(self) -> None:
        with ThreadPoolExecutor(max_workers=len(self.pools) or 1) as workers:
            list(workers.map(lambda pool: pool.close(), self.pools.values()))


def _limit(function: Function) -> int:
    allowed = [
        int(e.properties.get("ScalingConfig", {}).get("MaximumConcurrency", CONCURRENCY)) for e in function.events
    ]
    return min([CONCURRENCY, *allowed])


def _launch(template: Template, function: Function, identity: Identity, around: Surroundings) -> Launch:
    module = function.handler
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function.name}"
    around.temporary.mkdir(parents=True, exist_ok=True)
    return Launch(
        command=(sys.executable, "-m", "awslambdaric", module),
        environment=_environment(template, function, identity, around),
        folder=function.code,
        log=around.logs / f"{function.logical_id.lower()}.log",
        arn=arn,
        timeout=function.timeout,
    )


def _environment(template: Template, function: Function, identity: Identity, around: Surroundings) -> dict[str, str]:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, and where the local endpoints are."""
    python_path, path = _layers(template, function)
    lambda_sets = {
        "_HANDLER": function.handler,
        "LAMBDA_TASK_ROOT": str(function.code),
        "LAMBDA_RUNTIME_DIR": str(Path(sys.executable).parent),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_LAMBDA_LOG_FORMAT": function.log_format,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": identity.access_key,
        "AWS_SECRET_ACCESS_KEY": identity.secret,
        "AWS_SESSION_TOKEN": identity.token,
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "PATH": path,
        "PYTHONPATH": python_path,
        # Lambda's /tmp belongs to one environment alone; ours is at least not the developer's.
        "TMPDIR": str(around.temporary),
    }
    return lambda_sets | dict(around.endpoints) | dict(function.environment)


def _layers(template: Template, function: Function) -> tuple[str, str]:
    """(PYTHONPATH, PATH) that stand for the function's layers under /opt. The libraries are our own environment's."""
    declared: dict[str, dict[str, Any]] = template.resources("AWS::Serverless::LayerVersion")
    python_path, path = [], ["/usr/local/bin", "/usr/bin", "/bin"]
    for logical_id in function.layers:
        folder = template.path.parent / declared[logical_id]["Properties"]["ContentUri"]
        if declared[logical_id].get("Metadata", {}).get("BuildMethod") == "makefile":
            path.insert(0, str(build.tools()["helm"].parent))
        else:
            python_path.append(str(folder))
    return ":".join(python_path), ":".join(path)
