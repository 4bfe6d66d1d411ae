"""Keeps one stack running in a state folder, and tells others about it.

In: a folder and options. Out: a locked folder with stack.json (addresses, processes) while the stack runs. The lock
is the kernel's, so it is gone when the supervisor is, however it ended: nobody signals a stranger's process id. When
one part dies the rest is stopped and the logs stay: half a stack answers in ways no whole one would.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from devstack.processes import tail
from devstack.stack import Options, Report, Stack
from driftless.vocabulary.errors import Conflict, DriftlessError

KEPT = ("lock", "up.log")
STOP_SECONDS = 30


def run(folder: Path, options: Options, report: Report) -> int:
    """Run a stack in `folder` until SIGINT or SIGTERM: exit status 0; 1 if a part died. Conflict if one runs there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(folder):
        _clear(folder)
        ended = threading.Event()

        def end(_number: int, _frame: FrameType | None) -> None:
            if ended.is_set():
                return
            ended.set()
            raise KeyboardInterrupt

        previous = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
        stack = Stack(folder, options, report)
        try:
            stack.start()
            _publish(folder, stack)
            for line in addresses(stack.environment):
                report(line)
            report("the stack is up")
            return _watch(stack, report)
        except KeyboardInterrupt:
            report("stopping")
            return 0
        finally:
            ended.set()
            (folder / "stack.json").unlink(missing_ok=True)
            stack.stop()
            for number, handler in previous.items():
                signal.signal(number, handler)


def _watch(stack: Stack, report: Report) -> int:
    while True:
        for name, part in stack.parts().items():
            if part.process.poll() is not None:
                report(f"{name} ended with {part.process.returncode}; stopping the rest. {part.log}:\n{tail(part.log)}")
                return 1
        time.sleep(0.5)


def _publish(folder: Path, stack: Stack) -> None:
    parts = {name: part.process.pid for name, part in stack.parts().items()}
    document = {
        "environment": stack.environment,
        "control": stack.control_url,
        "clusters": {name: plane.endpoint for name, plane in stack.planes.items()},
        "parts": parts,
    }
    unfinished = folder / "stack.json.new"
    unfinished.touch(0o600)
    unfinished.write_text(json.dumps(document, indent=2) + "\n")
    unfinished.replace(folder / "stack.json")


def published(folder: Path) -> dict[str, Any]:
    """What the running stack says of itself. DriftlessError if none is up in `folder`."""
    try:
        document: dict[str, Any] = json.loads((folder / "stack.json").read_text())
    except (OSError, ValueError):
        document = {}
    if not document or not running(folder):
        raise DriftlessError(f"no development stack is up in {folder}", hint="start one: driftless dev up --detach")
    return document


def running(folder: Path) -> int:
    """Process id of the supervisor that holds the folder's lock; 0 if none does."""
    try:
        with (folder / "lock").open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or 0)
    except OSError:
        return 0
    return 0


def stop(folder: Path) -> bool:
    """Stop the stack in `folder` and wait for its end; False if none was running. DriftlessError if it does not end."""
    pid = running(folder)
    if not pid:
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if not running(folder):
                return True
            time.sleep(0.05)
    raise DriftlessError(f"the stack in {folder} (process {pid}) does not end")


def addresses(environment: dict[str, str]) -> Iterator[str]:
    """What a person wants to see, one line each."""
    yield f"dashboard and REST API   {environment['DRIFTLESS_URL']}/"
    yield f"webhook                  {environment['DRIFTLESS_WEBHOOK_URL']}"
    yield f"Git server               {environment['DRIFTLESS_GIT_URL']}/NAME.git"
    yield f"local AWS                {environment['AWS_ENDPOINT_URL']}"
    yield f"kubeconfig               {environment['KUBECONFIG']}"


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"a development stack is already up in {folder}", hint="see driftless dev status") from None
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield


def _clear(folder: Path) -> None:
    """A stack starts from nothing: what the last one left is its logs, and they end here."""
    for path in folder.iterdir():
        if path.name in KEPT:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
