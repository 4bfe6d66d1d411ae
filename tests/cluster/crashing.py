"""One step of Driftless in a process of its own that is killed (SIGKILL) at its n-th touch of the outside world.

Every write to the table, the store, a queue and the API server counts twice: once just before it, once just after.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Callable
from multiprocessing.sharedctypes import Synchronized
from typing import Any

from driftless.flows import fetch, sync, wiring
from driftless.flows.syncing.lease import Lease
from driftless.outlets import settings, store
from driftless.outlets.cluster.connection import Transport
from driftless.outlets.git import Git
from driftless.outlets.queue import Queue
from driftless.outlets.table import Table

LEASE_SECONDS = 1
_READS = ("get_item", "query")

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.cluster.crashing"])


def run(environment: dict[str, str], step: str, message: dict[str, Any], kill_at: int = 0) -> tuple[bool, int]:
    """Carry out one step ("fetch" or "visit"). (survived, touches counted); raises when the step itself failed."""
    touches: Synchronized[int] = _context.Value("i", 0)
    process = _context.Process(target=_child, args=(environment, step, message, kill_at, touches))
    process.start()
    process.join(60)
    if process.is_alive():
        process.kill()
        raise TimeoutError(f"{step} {message} did not end within 60 s")
    if process.exitcode not in (0, -signal.SIGKILL):
        raise RuntimeError(f"{step} {message} ended with status {process.exitcode}")
    return process.exitcode == 0, touches.value


def _child(
    environment: dict[str, str], step: str, message: dict[str, Any], kill_at: int, touches: Synchronized[int]
) -> None:
    os.environ.update(environment)
    tempfile.tempdir = tempfile.mkdtemp(prefix="driftless-worker-")  # a cold worker: nothing cached, each run the same
    Lease.SECONDS = LEASE_SECONDS
    fetch.LEASE_SECONDS = LEASE_SECONDS

    def touch() -> None:
        touches.value += 1
        if touches.value == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    _count(Table, "_call", touch, _is_a_step)
    _count(Queue, "_send_batch", touch, lambda *_: True)
    _count(store.Store, "put", touch, lambda *_: True)
    _count(Transport, "send", touch, lambda request: request.method != "GET")
    if step == "fetch":
        fetch.fetch(message, wiring.world(), Git(settings.git_instead_of()))
    else:
        sync.visit(message["application"], wiring.world())


def _is_a_step(operation: str, **_: Any) -> bool:
    """Writes of the step itself; the lease's keeper writes when the clock says so, in a thread of its own."""
    return operation not in _READS and threading.current_thread() is threading.main_thread()


def _count(owner: Any, name: str, touch: Callable[[], None], counts: Callable[..., bool]) -> None:
    original = getattr(owner, name)

    def counted(self: Any, *arguments: Any, **named: Any) -> Any:
        if not counts(*arguments, **named):
            return original(self, *arguments, **named)
        touch()
        answer = original(self, *arguments, **named)
        touch()
        return answer

    setattr(owner, name, counted)
