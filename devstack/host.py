"""The functions' host, a process of its own: event sources, HTTP API, Lambda's Invoke, and EKS' token review.

In: host.json, written by the stack. Out: everything template.yaml says runs by itself, running, until SIGTERM; and on
the control port what the stack and scripts need besides: POST /-/tick runs the schedules now, GET /-/ready answers.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import unquote, urlsplit

from devstack.build import say
from devstack.eks import Authenticator, sts_hosts
from devstack.functions import Functions, Surroundings
from devstack.httpapi import HttpApi, Response
from devstack.localaws import Client
from devstack.processes import Server
from devstack.runtimeapi import Answer
from devstack.sigv4 import Identities, Identity, Request
from devstack.sources import ScheduleSource, Source, source
from devstack.template import Template
from driftless.vocabulary.errors import Unauthorized

INVOKE = ("/2015-03-31/functions/", "/invocations")
EKS = "/-/eks/"
LARGEST_EVENT = 6 * 1024 * 1024
LARGEST_BODY = 16 * 1024 * 1024
"""Nothing bigger is read at all; each service's own, smaller limit answers for what is."""
Serve = Callable[[Request, str], Response]


class Host:
    """Everything that runs in this process, from the settings in host.json."""

    def __init__(self, settings: dict[str, Any]) -> None:
        template = Template.load(Path(settings["template"]), settings["parameters"])
        template.attributes.update({(i, a): v for i, a, v in settings["attributes"]})
        known = [Identity(**identity) for identity in settings["identities"]]
        self.identities = Identities(known)
        folder = Path(settings["folder"])
        around = Surroundings(settings["endpoints"], folder / "functions", folder / "tmp")
        self.functions = Functions(template, {identity.arn: identity for identity in known}, around)
        sync_role = template.attributes["SyncRole", "Arn"]
        hosts = sts_hosts(settings["endpoints"]["AWS_ENDPOINT_URL"])
        self.authenticator = Authenticator(self.identities, sync_role, hosts)
        client = Client(int(settings["aws_port"]))
        self.sources: list[Source] = [
            source(client, function, event, self.functions.pools[function.name])
            for function in self.functions.declared.values()
            for event in function.events
            if event.kind != "HttpApi"
        ]
        api = HttpApi(self.functions, self.identities)
        self.servers = [_server(settings["api_port"], api.answer), _server(settings["control_port"], self.control)]

    def start(self) -> None:
        self.functions.warm()
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        for each in self.sources:
            each.start()

    def stop(self) -> None:
        for each in self.sources:
            each.halt()
        self.functions.close()

    def control(self, request: Request, source_ip: str) -> Response:
        """Lambda's Invoke, signed as AWS wants it; and, for API servers and the stack on this machine, /-/…"""
        prefix, suffix = INVOKE
        if request.method == "POST" and request.path.startswith(prefix) and request.path.endswith(suffix):
            return self._invoke(unquote(request.path[len(prefix) : -len(suffix)]), request)
        if request.method == "POST" and request.path.startswith(EKS):
            cluster = unquote(request.path.removeprefix(EKS).partition("?")[0])
            review = self.authenticator.review(cluster, json.loads(request.body), datetime.now(UTC))
            return _json(200, review)
        if (request.method, request.path) == ("POST", "/-/tick"):
            return self._tick()
        if (request.method, request.path) == ("GET", "/-/ready"):
            return _json(200, {"functions": list(self.functions.declared)})
        return _json(404, {"message": "Not Found"})

    def _invoke(self, name: str, request: Request) -> Response:
        # An ARN, a name, or either with a version or alias behind it: all versions are the same one here.
        name = name.rpartition(":function:")[2].partition(":")[0]
        try:
            self.identities.signer(request, "lambda", datetime.now(UTC))
        except Unauthorized as refusal:
            return _json(403, {"message": str(refusal)}, ("x-amzn-errortype", "AccessDeniedException"))
        if name not in self.functions.declared:
            text = f"Function not found: {name}"
            return _json(404, {"Type": "User", "Message": text}, ("x-amzn-errortype", "ResourceNotFoundException"))
        if len(request.body) > LARGEST_EVENT:
            text = f"{len(request.body)} byte payload is too large for the RequestResponse invocation type"
            return _json(413, {"Type": "User", "message": text}, ("x-amzn-errortype", "RequestTooLargeException"))
        event = request.body or b"{}"
        if request.headers.get("x-amz-invocation-type", "RequestResponse") == "Event":
            threading.Thread(target=self._asynchronously, args=(name, event), daemon=True).start()
            return Response(202, (), b"")
        return _invoked(self.functions.invoke(name, event))

    def _asynchronously(self, name: str, event: bytes) -> None:
        """Lambda tries a failed asynchronous event again after one minute, and after two more."""
        for attempt in range(self.functions.declared[name].retries + 1):
            time.sleep(60 * attempt)
            if not self.functions.invoke(name, event).error:
                return
        say(f"{name}: an asynchronous invocation failed for good; see the function's log")

    def _tick(self) -> Response:
        fired = {each.name: each.fire() for each in self.sources if isinstance(each, ScheduleSource)}
        failed = {name: answer.payload.decode(errors="replace") for name, answer in fired.items() if answer.error}
        return _json(500 if failed else 200, {"fired": list(fired), "failed": failed})


def _invoked(answer: Answer) -> Response:
    error = (("x-amz-function-error", answer.error),) if answer.error else ()
    headers = (("content-type", "application/json"), ("x-amz-executed-version", "$LATEST"), *error)
    return Response(200, headers, answer.payload)


def _json(status: int, body: dict[str, Any], *headers: tuple[str, str]) -> Response:
    return Response(status, (("content-type", "application/json"), *headers), json.dumps(body).encode())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    serve: Serve

    def _serve(self) -> None:
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            name = name.lower()
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        length = int(headers.get("content-length") or 0)
        if "transfer-encoding" in headers or length > LARGEST_BODY:
            self.close_connection = True
            refusal = (413, "Request Entity Too Large") if length else (411, "Length Required")
            return self._reply(_json(refusal[0], {"message": refusal[1]}))
        body = self.rfile.read(length)
        address = urlsplit(self.path)
        request = Request(self.command, address.path or "/", address.query, headers, body)
        return self._reply(type(self).serve(request, self.client_address[0]))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve

    def _reply(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in (*response.headers, ("x-amzn-requestid", str(uuid.uuid4()))):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing: the functions' own logs tell more."""


def _server(port: int, serve: Serve) -> Server:
    handler = type("BoundHandler", (_Handler,), {"serve": staticmethod(serve)})
    return Server(port, handler)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devstack.host", description=__doc__)
    parser.add_argument("settings", type=Path)
    host = Host(json.loads(parser.parse_args().settings.read_text()))
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    host.start()
    ended.wait()
    host.stop()


if __name__ == "__main__":
    main()
