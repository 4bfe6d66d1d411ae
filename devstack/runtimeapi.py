"""One execution environment of a function: a process under AWS's runtime client, fed by a Runtime API of our own.

In: a command, its environment and one event at a time. Out: what the handler answered, as Lambda reports it: a
payload, or a function error when it raised, ended, or ran out of time (then the process is killed). A warm call costs
a third of a millisecond over the handler. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import queue
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from devstack.processes import Server, end, spawn

VERSION = "/2018-06-01/runtime"
LARGEST = 6 * 1024 * 1024 + 100
"""Bytes of a synchronous answer; https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
INIT_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """`error` is Lambda's X-Amz-Function-Error: "" or "Unhandled"; `payload` is JSON either way."""

    payload: bytes
    error: str = ""


@dataclass(frozen=True)
class Launch:
    """How to start one environment: `timeout` is in seconds, `arn` the function's, `folder` the task root."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    arn: str
    timeout: int


@dataclass
class _Invocation:
    request_id: str
    event: bytes
    done: queue.SimpleQueue[Answer]


class Slot:
    """A started environment. Not to be shared: one `invoke` at a time."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.waiting: queue.SimpleQueue[_Invocation | None] = queue.SimpleQueue()
        self.current: _Invocation | None = None
        self.ready = threading.Event()
        self.failure: Answer | None = None
        handler = type("BoundHandler", (_Handler,), {"slot": self})
        self.server = Server(0, handler)
        threading.Thread(target=self.server.serve_forever, args=(0.5,), daemon=True).start()
        address = f"127.0.0.1:{self.server.server_port}"
        environment = {**launch.environment, "AWS_LAMBDA_RUNTIME_API": address}
        self.process = spawn(list(launch.command), launch.log, environment, launch.folder)
        threading.Thread(target=self._watch, daemon=True).start()

    def invoke(self, event: bytes) -> Answer:
        """Run the handler on `event` (JSON). Never raises: every way to fail is an answer with an error."""
        self._wait_until_started()
        if self.failure:
            return self.failure
        invocation = _Invocation(str(uuid.uuid4()), event, queue.SimpleQueue())
        self.current = invocation
        self.waiting.put(invocation)
        if not self.alive:
            self._ended()
        try:
            return invocation.done.get(timeout=self.launch.timeout)
        except queue.Empty:
            self.close(grace=0.0)
            text = f"{invocation.request_id} Task timed out after {self.launch.timeout:.2f} seconds"
            return failure("Sandbox.Timedout", f"RequestId: {text}")
        finally:
            self.current = None

    @property
    def alive(self) -> bool:
        return self.process.poll() is None and self.failure is None

    def close(self, grace: float = 2.0) -> None:
        end(self.process, grace)
        self.waiting.put(None)
        threading.Thread(target=self._stop_server, daemon=True).start()

    def _stop_server(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def _wait_until_started(self) -> None:
        deadline = time.monotonic() + INIT_SECONDS
        while not self.ready.wait(0.25):
            if time.monotonic() > deadline or not self.alive:
                break
        if not self.ready.is_set() and self.failure is None:
            self.failure = failure("Runtime.ExitError", "the function's process did not start; see its log")

    def _watch(self) -> None:
        """A process that ends in the middle of a call must not be waited for until the timeout."""
        self.process.wait()
        self._ended()
        self.ready.set()

    def _ended(self) -> None:
        current = self.current
        text = f"Runtime exited with status {self.process.returncode}"
        answer = failure("Runtime.ExitError", text)
        self.failure = self.failure or answer
        if current:
            current.done.put(answer)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    slot: Slot

    def do_GET(self) -> None:
        if self.path != f"{VERSION}/invocation/next":
            return self._reply(404)
        self.slot.ready.set()
        invocation = self.slot.waiting.get()
        if invocation is None:
            self.close_connection = True
            return None
        deadline = int((time.time() + self.slot.launch.timeout) * 1000)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(deadline),
            "Lambda-Runtime-Invoked-Function-Arn": self.slot.launch.arn,
            "Content-Type": "application/json",
        }
        return self._reply(200, invocation.event, headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or self._chunks()
        current, kind = self.slot.current, self.path.rsplit("/", 1)[-1]
        if self.path == f"{VERSION}/init/error":
            self.slot.failure = Answer(body, "Unhandled")
            self.slot.ready.set()
            return self._reply(202)
        if current is None or self.path.split("/")[-2] != current.request_id or kind not in ("response", "error"):
            return self._reply(403)
        if len(body) > LARGEST:
            text = f"Response payload size ({len(body)} bytes) exceeded maximum allowed payload size ({LARGEST} bytes)."
            # The runtime client does not survive the refusal of its answer: this environment ends with the call.
            self.slot.failure = failure("Function.ResponseSizeTooLarge", text)
            current.done.put(self.slot.failure)
            return self._reply(413)
        current.done.put(Answer(body, "Unhandled" if kind == "error" else ""))
        return self._reply(202)

    def _chunks(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return b""
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _reply(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing: the function's own log tells more."""


def failure(kind: str, message: str) -> Answer:
    return Answer(json.dumps({"errorType": kind, "errorMessage": message}).encode(), "Unhandled")
