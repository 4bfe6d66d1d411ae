"""Child processes that never outlive us, on ports that are really theirs.

In: command lines. Out: running processes with a log file each, stopped in reverse order. On Linux the kernel kills
them when this process dies, whatever kills it. Ports come from below the range outgoing connections use, because a
fixed port there is sometimes taken by one (seen with kwok's server); each is checked to answer before it is relied on.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from driftless.vocabulary.errors import DriftlessError

PORTS = range(10000, 32000)
PR_SET_PDEATHSIG = 1
_given: set[int] = set()
# The kernel's parent-death signal follows the *thread* that forked; this one lives as long as the process.
_forker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="forker")
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def free_port() -> int:
    """A port on loopback that nothing listens on and that this process has not given out before."""
    for _ in range(200):
        port = random.choice(PORTS)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise DriftlessError("no free port found between 10000 and 32000 on 127.0.0.1")


def _die_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(
    command: list[str], log: Path, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own; its output is appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)

    def fork() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment) if environment is not None else None,
                cwd=folder,
                process_group=0,
                preexec_fn=_die_with_parent,
            )

    return _forker.submit(fork).result(timeout=30)


def end(process: subprocess.Popen[bytes], grace: float = 5.0) -> None:
    """SIGTERM to the child's group, SIGKILL after `grace` seconds; returns when it is gone."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(patience)


def tail(log: Path, lines: int = 8) -> str:
    if not log.is_file():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


@dataclass
class Part:
    name: str
    process: subprocess.Popen[bytes]
    log: Path


class Processes:
    """A group of children that start and end together."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.parts: list[Part] = []

    def start(self, name: str, command: list[str], environment: Mapping[str, str] | None = None) -> Part:
        log = self.logs / f"{name}.log"
        part = Part(name, spawn(command, log, environment), log)
        self.parts.append(part)
        return part

    def wait_for(self, part: Part, what: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until `what()` holds; DriftlessError with the end of the part's log if it dies or takes too long."""
        deadline = time.monotonic() + seconds
        while not what():
            if part.process.poll() is not None:
                raise DriftlessError(f"{part.name} ended with {part.process.returncode}:\n{tail(part.log)}\n")
            if time.monotonic() > deadline:
                raise DriftlessError(f"{part.name} is not ready after {seconds:.0f} s:\n{tail(part.log)}\n")
            time.sleep(0.02)

    def wait_listening(self, part: Part, port: int, seconds: float = 60.0) -> None:
        self.wait_for(part, lambda: listening(port), seconds)

    def dead(self) -> list[Part]:
        return [part for part in self.parts if part.process.poll() is not None]

    def stop(self, grace: float = 5.0) -> None:
        for part in reversed(self.parts):
            end(part.process, grace)
        self.parts.clear()


class Server(ThreadingHTTPServer):
    """An HTTP server on loopback with a thread for each connection; a client that hangs up is no news."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", port), handler)

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
