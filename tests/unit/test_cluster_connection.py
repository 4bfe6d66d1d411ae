"""What the client does when an API server throttles, fails, hangs up or does not know us; a scripted server answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from driftless.outlets.cluster import Cluster, Connection
from driftless.outlets.cluster.connection import Request, Transport
from driftless.vocabulary.errors import ClusterRefused, DriftlessError, Unavailable

OK: tuple[int, Any] = (200, {"kind": "ConfigMap"})
RESET: tuple[int, Any] = (0, {})


class Script:
    """Answers in their order, the last one for ever; what was asked is in `asked` as (method, path, authorization)."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = [OK]
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, str, str]] = []

    def next(self) -> tuple[int, Any]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def endpoint(script: Script) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            script.asked.append((self.command, self.path, self.headers.get("Authorization", "")))
            status, body = script.next()
            if status == 0:
                self.close_connection = True
                self.connection.close()
                return
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            for name, value in script.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = answer

        def log_message(self, *args: object) -> None:
            """Nothing: a test's output is its result."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr("driftless.outlets.cluster.connection.time.sleep", slept.append)
    return slept


def transport(endpoint: str) -> Transport:
    return Transport(Connection(endpoint, "", lambda fresh: {"Authorization": "new" if fresh else "old"}))


GET = Request("GET", "/x", "ConfigMap a/b", "get", again=True)
CREATE = Request("POST", "/x", "ConfigMap a/b", "create", body={"kind": "ConfigMap"})


@pytest.mark.parametrize("trouble", [(429, {}), (500, {}), (502, {}), (503, {}), (504, {}), RESET], ids=str)
def test_what_may_be_sent_twice_is_sent_again(
    endpoint: str, script: Script, pauses: list[float], trouble: tuple[int, Any]
) -> None:
    script.answers = [trouble, trouble, OK]
    assert transport(endpoint).send(GET).body == {"kind": "ConfigMap"}
    assert len(script.asked) == 3 and len(pauses) == 2 and max(pauses) < 1


@pytest.mark.parametrize("trouble", [(500, {}), (502, {}), (503, {}), (504, {}), RESET], ids=str)
def test_a_create_is_not_sent_twice_since_it_may_have_happened(
    endpoint: str, script: Script, pauses: list[float], trouble: tuple[int, Any]
) -> None:
    script.answers = [trouble, OK]
    with pytest.raises(DriftlessError):
        transport(endpoint).send(CREATE)
    assert len(script.asked) == 1 and pauses == []


def test_a_throttled_create_is_sent_again_since_nothing_happened(
    endpoint: str, script: Script, pauses: list[float]
) -> None:
    script.answers = [(429, {}), OK]
    assert transport(endpoint).send(CREATE).status == 200


def test_the_servers_own_pause_is_kept_up_to_five_seconds(endpoint: str, script: Script, pauses: list[float]) -> None:
    script.headers = {"Retry-After": "2"}
    script.answers = [(429, {}), OK]
    transport(endpoint).send(GET)
    script.headers = {"Retry-After": "3600"}
    script.answers = [(429, {}), OK]
    transport(endpoint).send(GET)
    assert pauses == [2.0, 5.0]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((429, {}), "is throttling us"),
        ((503, {}), "answers 503"),
        (RESET, "is not answering"),
        ((302, {}), "is no Kubernetes API server"),
        ((200, b"<html>please sign in</html>"), "is no Kubernetes API server"),
    ],
    ids=["throttled", "down", "reset", "redirect", "sign-in page"],
)
def test_trouble_that_does_not_end_is_unavailable_and_names_the_cluster(
    endpoint: str, script: Script, pauses: list[float], answer: tuple[int, Any], words: str
) -> None:
    script.answers = [answer]
    with pytest.raises(Unavailable, match=words) as raised:
        transport(endpoint).send(GET)
    assert endpoint in str(raised.value) and len(script.asked) <= 6


def test_a_closed_port_is_unavailable(pauses: list[float]) -> None:
    with pytest.raises(Unavailable, match=r"http://127\.0\.0\.1:1 is not answering \(get ConfigMap a/b"):
        transport("http://127.0.0.1:1").send(GET)


def test_a_plain_server_does_not_pass_for_a_tls_one(endpoint: str, pauses: list[float]) -> None:
    with pytest.raises(Unavailable, match="does not prove who it is"):
        transport(endpoint.replace("http://", "https://")).send(GET)
    assert pauses == []


def test_an_old_token_is_renewed_once(endpoint: str, script: Script) -> None:
    script.answers = [(401, {}), OK]
    assert transport(endpoint).send(GET).status == 200
    assert [who for _, _, who in script.asked] == ["old", "new"]


def test_a_token_that_stays_unknown_is_refused(endpoint: str, script: Script) -> None:
    script.answers = [(401, {"message": "Unauthorized", "reason": "Unauthorized"})]
    with pytest.raises(ClusterRefused, match="EKS access entry") as refused:
        transport(endpoint).send(GET)
    assert refused.value.status == 401 and len(script.asked) == 2


def test_a_failed_request_never_looks_like_a_missing_object(endpoint: str, script: Script, pauses: list[float]) -> None:
    script.answers = [(403, {"message": 'configmaps "b" is forbidden', "reason": "Forbidden"})]
    with pytest.raises(ClusterRefused, match="is forbidden"):
        transport(endpoint).send(GET)


def test_a_path_in_the_endpoint_is_kept(endpoint: str, script: Script) -> None:
    transport(f"{endpoint}/k8s/clusters/c-1/").send(GET)
    assert script.asked[0][1] == "/k8s/clusters/c-1/x"


def test_requests_are_counted_by_verb_retries_included(endpoint: str, script: Script, pauses: list[float]) -> None:
    sender = transport(endpoint)
    script.answers = [(503, {}), OK]
    sender.send(GET)
    sender.send(CREATE)
    assert sender.requests == {"get": 2, "create": 1}


def cluster() -> Cluster:
    return Cluster(Connection("http://127.0.0.1:1", "", lambda _fresh: {}))


def test_map_keeps_the_order_of_its_items() -> None:
    assert cluster().map(lambda n: n * 2, range(100)) == [n * 2 for n in range(100)]


def test_map_inside_map_does_not_wait_for_itself() -> None:
    one = cluster()
    assert one.map(lambda n: sum(one.map(lambda m: m * n, range(20))), range(40)) == [190 * n for n in range(40)]


def test_map_raises_the_first_error() -> None:
    def fail(n: int) -> int:
        raise Unavailable(f"item {n}")

    with pytest.raises(Unavailable, match="item 0"):
        cluster().map(fail, range(30))
