"""A Git host for one machine: smart HTTP over `git http-backend`; a push to any NAME.git creates that repository.

In: a folder and a port on loopback. Out: clone, fetch and push under http://127.0.0.1:PORT/, protocol version 2 and
partial fetches included, and at /-/counts how often each repository was asked for what, which benchmarks read.
It is a process of its own, so that many fetches do not slow the functions' host: `python -m devstack.gitserver`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from io import BufferedReader
from pathlib import Path
from typing import IO
from urllib.parse import parse_qs, urlsplit

from devstack.processes import Server

REPOSITORY = re.compile(r"^/((?:[A-Za-z0-9_][A-Za-z0-9._-]*/)*[A-Za-z0-9_][A-Za-z0-9._-]*\.git)(/.*)$")
CHUNK = 1 << 16
CONFIG = """[core]
\trepositoryformatversion = 0
\tbare = true
[http]
\treceivepack = true
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
[receive]
\tdenyDeleteCurrent = ignore
"""


class GitHost:
    """The repositories under one folder, and the counts of what was asked of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        path = os.environ.get("PATH", "/usr/bin:/bin")
        nothing = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
        self.environment = {"PATH": path, **nothing, "GIT_PROJECT_ROOT": str(folder), "GIT_HTTP_EXPORT_ALL": "1"}

    def count(self, repository: str, what: str) -> None:
        with self._lock:
            self._counts[repository][what] += 1

    def counts(self) -> dict[str, dict[str, int]]:
        with self._lock:
            return {name: dict(counter) for name, counter in self._counts.items()}

    def create(self, repository: str) -> None:
        """Make an empty bare repository, unless it is there."""
        path = self.folder / repository
        with self._lock:
            if not (path / "HEAD").is_file():
                command = ["git", "init", "-q", "--bare", "--initial-branch=main", str(path)]
                subprocess.run(command, check=True, env=self.environment, timeout=30)
                (path / "config").write_text(CONFIG)

    def follow_first_branch(self, repository: str) -> None:
        """Point HEAD at a branch that exists, when the one it names was never pushed."""
        path = self.folder / repository
        command = ["git", "-C", str(path), "for-each-ref", "--format=%(refname)", "refs/heads"]
        listed = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=30)
        branches = listed.stdout.split()
        found = (path / "HEAD").read_text().strip().removeprefix("ref: ") in branches
        if branches and not found:
            (path / "HEAD").write_text(f"ref: {branches[0]}\n")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    host: GitHost

    def do_GET(self) -> None:
        if self.path == "/-/counts":
            self._answer(200, json.dumps(self.host.counts()).encode(), "application/json")
        else:
            self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, *_: object) -> None:
        """Say nothing: the counts tell more."""

    def _serve(self) -> None:
        address = urlsplit(self.path)
        match = REPOSITORY.match(address.path)
        if not match:
            self.close_connection = True
            self._answer(404, b"a repository's address is http://.../NAME.git\n", "text/plain")
            return
        repository, rest = match.groups()
        service = parse_qs(address.query).get("service", [rest.removeprefix("/")])[0]
        if service == "git-receive-pack":
            self.host.create(repository)
        if rest == "/info/refs":
            self.host.count(repository, f"advertise {service}")
        self._run_backend(repository, address.path, address.query)
        if rest == "/git-receive-pack":
            self.host.count(repository, "push")
            self.host.follow_first_branch(repository)

    def _run_backend(self, repository: str, path: str, query: str) -> None:
        environment = self.host.environment | {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_USER": "developer",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        length = self.headers.get("Content-Length")
        if length is not None:
            environment["CONTENT_LENGTH"] = length
        pipe = subprocess.PIPE
        with subprocess.Popen(
            ["git", "http-backend"], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment
        ) as backend:
            assert backend.stdin is not None and backend.stdout is not None
            feeder = threading.Thread(target=self._feed, args=(repository, backend.stdin), daemon=True)
            if self.command == "POST":
                feeder.start()
            else:
                backend.stdin.close()
            self._relay(backend.stdout)
            if self.command == "POST":
                feeder.join(60)

    def _feed(self, repository: str, into: IO[bytes]) -> None:
        """Pass the request's body on as it comes; whoever answers early stops reading, which is no fault."""
        first = True
        try:
            for chunk in self._body():
                if first and b"command=" in chunk[:100]:
                    what = "ls-refs" if b"command=ls-refs" in chunk[:100] else "fetch"
                    self.host.count(repository, what)
                first = False
                into.write(chunk)
                into.flush()
        except OSError:
            self.close_connection = True
        finally:
            into.close()

    def _body(self) -> Iterator[bytes]:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", "0"))
        while left and (chunk := self.rfile.read1(min(left, CHUNK))):
            left -= len(chunk)
            yield chunk

    def _relay(self, output: IO[bytes]) -> None:
        """Answer with what the backend says: its headers, then its body in chunks as it comes."""
        assert isinstance(output, BufferedReader)
        headers: dict[str, str] = {}
        while line := output.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name] = value
        # A backend that dies says nothing at all, which must not pass for success.
        status = headers.pop("Status", "200" if headers else "500").split()[0]
        headers["Transfer-Encoding"] = "chunked"
        self.send_response(int(status))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        while chunk := output.read1(CHUNK):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(folder: Path, port: int) -> Server:
    """A server bound to `port` on loopback (0: any), not yet running; `serve_forever` runs it."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = type("BoundHandler", (Handler,), {"host": GitHost(folder)})
    return Server(port, handler)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devstack.gitserver", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    arguments = parser.parse_args()
    serve(arguments.folder, arguments.port).serve_forever()


if __name__ == "__main__":
    main()
