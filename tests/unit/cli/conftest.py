"""The command against the real console over loopback HTTP, both in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from moto import mock_aws

from driftless.cli import follow
from driftless.cli.main import main
from driftless.outlets import aws
from tests.unit.console import stage


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str


@dataclass
class Command:
    """`driftless(...)` runs one command line; `console` is what it talks to."""

    console: stage.Console
    url: str
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *argv: str) -> Ended:
        self.capsys.readouterr()
        try:
            status = main(list(argv))
        except SystemExit as stop:
            status = int(stop.code or 0)
        written = self.capsys.readouterr()
        return Ended(status, written.out, written.err)


@pytest.fixture
def driftless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(follow, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(follow, "LAST_PAUSE", 0.001)
    for name in ("AWS_ENDPOINT_URL", "DRIFTLESS_AUTH"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        aws.client.cache_clear()
        console = stage.make(tmp_path)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _door(console))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("DRIFTLESS_URL", url)
        monkeypatch.setenv("DRIFTLESS_TOKEN", stage.TOKEN)
        yield Command(console, url, capsys)
        server.shutdown()
        server.server_close()
    aws.client.cache_clear()


def _door(console: stage.Console) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            address = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            made = stage.event(self.command, unquote(address.path), body)
            made["headers"] = {key.lower(): value for key, value in self.headers.items()}
            payload = console.answer(made | {"rawQueryString": address.query}).as_payload()
            data = payload["body"].encode()
            self.send_response(payload["statusCode"])
            for key, value in payload["headers"].items():
                self.send_header(key, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def log_message(self, *_: object) -> None:
            """Nothing: the test's own output is what counts."""

    return Door
