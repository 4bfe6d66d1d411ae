"""helm and kustomize, run on hostile files: the only place that starts a process in the functions.

In: a Command. Out: what it wrote to stdout, as bytes. Raises ToolFailed with the tool's first useful line, where
values that the caller names as hidden, and this machine's paths, are taken out.
The tool sees a bare environment (no AWS credentials), an empty home, no network, and ends at its limits.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import subprocess
import tempfile
import time
import weakref
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from driftless.outlets.confinement import Limits, kill_group, limit, without_network
from driftless.vocabulary.errors import DriftlessError, SourceError

_CHUNK = 1 << 16
_KEPT_STDERR = 1 << 16
_LONGEST_SENTENCE = 600
_MOST_LINES = 8
_SHORTEST_HIDDEN = 4
"""Shorter values (1, on, dev) are in every second line and tell nothing; they are not masked."""


class ToolFailed(SourceError):
    """A tool said no, or was ended at a limit. `said` is its own line, cleaned; empty when it was ended."""

    def __init__(self, what: str, problem: str, *, said: str = "", hint: str = "") -> None:
        super().__init__("render", f"{what}: {problem}", hint=hint)
        self.said = said


@dataclass(frozen=True, slots=True)
class Command:
    """One run. `what` is how messages name it ("helm template apps/x")."""

    tool: str
    arguments: tuple[str, ...] = field(repr=False)
    folder: Path
    """The working directory, and the prefix that is taken out of messages."""
    what: str
    hidden: tuple[str, ...] = field(default=(), repr=False)
    """Values that must not be seen in a message: parameters, inline values."""
    roots: tuple[Path, ...] = ()
    """Further folders whose names are taken out of messages."""


class Tools:
    """The tools found on `path` (else on PATH; the tools layer is in /opt/bin). Safe to share between threads."""

    def __init__(self, path: str | None = None, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._path = path
        self._home = tempfile.mkdtemp(prefix="driftless-tools-")
        weakref.finalize(self, shutil.rmtree, self._home, ignore_errors=True)
        self._found: dict[str, str] = {}

    def run(self, command: Command) -> bytes:
        """Run to the end and give stdout. Raises ToolFailed; DriftlessError when the tool is not installed."""
        argv = [self._binary(command.tool), *command.arguments]
        deadline = time.monotonic() + self.limits.seconds
        try:
            process = without_network(lambda: self._start(argv, command.folder))
        except OSError as fault:
            raise ToolFailed(command.what, f"{command.tool} did not start: {fault.strerror}") from None
        except ValueError:
            problem = "a value holds a null character, or half of a character pair, which no command line can carry"
            raise ToolFailed(command.what, problem) from None
        try:
            limit(process.pid, self.limits)
            out, err = self._read(process, command, deadline)
            process.wait(timeout=max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            raise ToolFailed(
                command.what,
                f"not done after {self.limits.seconds:g} s, ended",
                hint="look for a loop, or for something very large, in its templates",
            ) from None
        finally:
            if process.returncode is None:
                kill_group(process)
            for stream in (process.stdout, process.stderr):
                if stream:
                    stream.close()
        if process.returncode == 0:
            return out
        raise self._failure(process.returncode, command, err.decode(errors="replace"))

    def _binary(self, tool: str) -> str:
        if tool not in self._found:
            found = shutil.which(tool, path=self._path)
            if found is None:
                raise DriftlessError(
                    f"the {tool} binary is not on PATH",
                    hint="on Lambda it comes with the tools layer; locally `scripts/test` builds it",
                )
            self._found[tool] = str(Path(found).resolve())
        return self._found[tool]

    def _start(self, argv: list[str], folder: Path) -> subprocess.Popen[bytes]:
        # a session of its own, so that a kill reaches whatever it starts; no preexec_fn, so that CPython uses vfork
        return subprocess.Popen(
            argv,
            cwd=folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        home = self._home
        return {
            "PATH": f"{home}/nothing-here",
            "HOME": home,
            "TMPDIR": home,
            "HELM_CACHE_HOME": f"{home}/helm/cache",
            "HELM_CONFIG_HOME": f"{home}/helm/config",
            "HELM_DATA_HOME": f"{home}/helm/data",
            "HELM_PLUGINS": f"{home}/helm/plugins",
            # one short run: collecting garbage below this size costs a fifth of its time and frees what exit frees
            "GOGC": "off",
            "GOMEMLIMIT": f"{self.limits.memory_bytes // 4}",
            # where the network cannot be taken away, at least nothing outside is reached
            "HTTP_PROXY": "http://127.0.0.1:9",
            "HTTPS_PROXY": "http://127.0.0.1:9",
        }

    def _read(self, process: subprocess.Popen[bytes], command: Command, deadline: float) -> tuple[bytes, bytes]:
        """Both streams to their end, within the time and the size; of stderr only the beginning is kept."""
        assert process.stdout and process.stderr
        kept: dict[str, list[bytes]] = {"out": [], "err": []}
        sizes = {"out": 0, "err": 0}
        with selectors.DefaultSelector() as streams:
            streams.register(process.stdout, selectors.EVENT_READ, "out")
            streams.register(process.stderr, selectors.EVENT_READ, "err")
            while streams.get_map():
                left = deadline - time.monotonic()
                if left <= 0:
                    raise subprocess.TimeoutExpired(command.tool, self.limits.seconds)
                for ready, _ in streams.select(left):
                    chunk = os.read(ready.fd, _CHUNK)
                    if not chunk:
                        streams.unregister(ready.fileobj)
                        continue
                    sizes[ready.data] += len(chunk)
                    if ready.data == "out" and sizes["out"] > self.limits.output_bytes:
                        raise ToolFailed(command.what, f"wrote more than {self.limits.output_bytes >> 20} MiB, ended")
                    if ready.data == "out" or sizes["err"] <= _KEPT_STDERR:
                        kept[ready.data].append(chunk)
        return b"".join(kept["out"]), b"".join(kept["err"])

    def _failure(self, status: int, command: Command, stderr: str) -> ToolFailed:
        if "out of memory" in stderr or "cannot allocate memory" in stderr or status == -9:
            return ToolFailed(command.what, f"needs more than {self.limits.memory_bytes >> 20} MiB of memory, ended")
        if status < 0:
            return ToolFailed(command.what, f"ended by signal {-status} at a limit of time or size")
        said = _cleaned(_useful(stderr), command)
        return ToolFailed(command.what, said or f"ended with status {status} without a word", said=said)


def _useful(stderr: str) -> str:
    """The tool's own sentence: from its `Error:` line to the next empty one; else the first line that is no log."""
    lines = [line.strip() for line in stderr.splitlines()]
    for index, line in enumerate(lines):
        if line.startswith("Error:"):
            block = [line.removeprefix("Error:"), *takewhile(bool, lines[index + 1 :])]
            return " ".join(part.strip() for part in block[:_MOST_LINES])
    return next((line for line in lines if line and not line.startswith(("level=", "time=", "#"))), "")


def _cleaned(sentence: str, command: Command) -> str:
    for root in sorted({str(r) for r in (command.folder, *command.roots)}, key=len, reverse=True):
        sentence = sentence.replace(f"{root}/", "").replace(root, ".")
    for value in sorted(command.hidden, key=len, reverse=True):
        if len(value) >= _SHORTEST_HIDDEN:
            for form in {value, json.dumps(value)[1:-1], " ".join(value.split())}:
                sentence = sentence.replace(form, "(hidden)") if form else sentence
    # a chain of causes tells the place at its start and the reason at its end
    half = _LONGEST_SENTENCE // 2
    return sentence if len(sentence) <= _LONGEST_SENTENCE else f"{sentence[:half]} … {sentence[-half:]}"
