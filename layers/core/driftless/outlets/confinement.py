"""What a tool that reads hostile files may do to this machine: no network, bounded memory, CPU and files.

In: a function that starts a process; the limits. Out: the process, started without the system call `socket`.
Lambda gives no containers and no user namespaces, and its runtime API listens on loopback, so a chart or a
kustomization that could open `http://127.0.0.1:9001/…` would steal events: the call itself is taken away.
The filter is set on a thread of its own, which hands it down to the process and ends: this process keeps its network.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import resource
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from subprocess import Popen

# Numbers of the Linux ABI: linux/seccomp.h, linux/audit.h, asm/unistd.h
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | errno.EACCES
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_SOCKET_CALL = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""machine -> (its audit name, the number of `socket`)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may take. Memory is counted as data (RLIMIT_DATA): below 128 MiB helm cannot even start."""

    seconds: float = 30.0
    output_bytes: int = 64 * 1024 * 1024
    memory_bytes: int = 768 * 1024 * 1024
    file_bytes: int = 64 * 1024 * 1024


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


def without_network(start: Callable[[], Popen[bytes]]) -> Popen[bytes]:
    """Run `start` on a thread that may not open sockets; what it starts inherits that. Raises what `start` raises.

    Where the kernel has no such filter (macOS, an unknown processor) the process starts all the same.
    """
    outcome: list[Popen[bytes] | BaseException] = []

    def confined() -> None:
        _close_network_of_this_thread()
        try:
            outcome.append(start())
        except BaseException as fault:  # handed to the caller's thread, whatever it is
            outcome.append(fault)

    thread = threading.Thread(target=confined, name="driftless-tools")
    thread.start()
    thread.join()
    started = outcome[0]
    if isinstance(started, BaseException):
        raise started
    return started


def _close_network_of_this_thread() -> bool:
    """Whether the kernel took the filter. `no_new_privs` comes with it: nothing started here gains rights by setuid."""
    known = _SOCKET_CALL.get(platform.machine())
    if sys.platform != "linux" or known is None:
        return False
    machine, socket_call = known
    steps = (
        _Instruction(_LOAD, 0, 0, 4),  # the machine's audit name
        _Instruction(_JUMP_IF_EQUAL, 0, 2, machine),
        _Instruction(_LOAD, 0, 0, 0),  # the number of the call
        _Instruction(_JUMP_IF_EQUAL, 1, 0, socket_call),
        _Instruction(_RETURN, 0, 0, _ALLOW),
        _Instruction(_RETURN, 0, 0, _REFUSE),
    )
    program = _Program(len(steps), (_Instruction * len(steps))(*steps))
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), zero, zero, zero) != 0:
        return False
    return bool(libc.prctl(_PR_SET_SECCOMP, ctypes.c_ulong(_SECCOMP_MODE_FILTER), ctypes.byref(program)) == 0)


def limit(pid: int, limits: Limits) -> None:
    """Bound a process right after its start: a wrapper would cost a second exec, a preexec_fn a real fork."""
    if not hasattr(resource, "prlimit"):
        return
    cpu = int(limits.seconds) + 1
    wanted = (
        (resource.RLIMIT_DATA, limits.memory_bytes),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_CORE, 0),
    )
    for which, value in wanted:
        try:
            _, hard = resource.prlimit(pid, which)
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.prlimit(pid, which, (value, value))
        except ProcessLookupError:
            return


def kill_group(process: Popen[bytes]) -> None:
    """End a process that was started in a session of its own, with all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait(timeout=10)
