"""The console behind a real HTTP server on loopback: what API Gateway does between a client and the function."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from tests.unit.console import stage


@contextmanager
def opened(console: stage.Console) -> Iterator[str]:
    """The address while it stands."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _door(console))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


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
            for cookie in payload.get("cookies") or ():
                self.send_header("set-cookie", cookie)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def log_message(self, *_: object) -> None:
            """Nothing: the test's own output is what counts."""

    return Door
