"""The function host, with real ministack and the real runtime client, on a small application of its own."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from devstack.host import Host
from devstack.localaws import LocalAws
from devstack.processes import free_port
from devstack.sigv4 import Identity, Request
from devstack.stack import DEVELOPER
from devstack.template import Template

APP = Path(__file__).parent / "devstack_app"


class Running:
    """The host under test with its addresses."""

    def __init__(self, folder: Path) -> None:
        self.aws = LocalAws(folder)
        self.aws.start()
        template = Template.load(APP / "template.yaml")
        self.aws.create(template)
        self.attributes = template.attributes
        self.api_port, self.control_port = free_port(), free_port()
        roles = sorted({function.role for function in template.functions()})
        self.identities = [DEVELOPER, *(Identity.of_role(arn) for arn in roles)]
        settings = {
            "folder": str(folder),
            "template": str(template.path),
            "parameters": {},
            "attributes": [(i, a, v) for (i, a), v in template.attributes.items()],
            "identities": [vars(identity) for identity in self.identities],
            "endpoints": {"AWS_ENDPOINT_URL": self.aws.endpoint},
            "aws_port": self.aws.port,
            "api_port": self.api_port,
            "control_port": self.control_port,
        }
        self.host = Host(settings)
        self.host.start()
        self.notes = folder / "tmp" / "notes.jsonl"

    def stop(self) -> None:
        self.host.stop()
        self.aws.stop()

    def http(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any, Any]:
        return self._send(self.api_port, method, path, body, headers)

    def signed(self, url: str, method: str = "GET", service: str = "execute-api") -> tuple[int, Any, Any]:
        request = AWSRequest(method=method, url=url, data=b"{}" if method == "POST" else b"")
        SigV4Auth(Credentials(DEVELOPER.access_key, DEVELOPER.secret), service, "us-east-1").add_auth(request)
        address = urlsplit(url)
        assert address.port
        target = address.path + (f"?{address.query}" if address.query else "")
        return self._send(address.port, method, target, request.data or b"", dict(request.headers))

    def _send(self, port: int, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def noted(self, what: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        if not self.notes.exists():
            return []
        lines = (json.loads(line) for line in self.notes.read_text().splitlines())
        return [line["record"] for line in lines if what(line["record"])]

    def eventually_noted(self, what: Callable[[dict[str, Any]], bool], count: int = 1) -> list[dict[str, Any]]:
        deadline = time.monotonic() + 20
        while len(found := self.noted(what)) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def invoke(self, event: dict[str, Any]) -> tuple[str, Any]:
        answer = self.host.functions.invoke("driftless-Echo", json.dumps(event).encode())
        return answer.error, json.loads(answer.payload)

    def send(self, body: str) -> None:
        request = {"QueueUrl": self.attributes["Queue", ""], "MessageBody": body}
        self.aws.client.call("sqs", "SendMessage", request)

    def put(self, pk: str) -> None:
        request = {"TableName": self.attributes["Table", ""], "Item": {"pk": {"S": pk}}}
        self.aws.client.call("dynamodb", "PutItem", request)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    started = Running(tmp_path_factory.mktemp("host"))
    yield started
    started.stop()


def test_a_function_sees_what_the_template_and_lambda_give_and_nothing_else(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROM_THE_SHELL", "1")
    error, answer = running.invoke({"n": 1})
    environment = answer["environment"]
    assert error == "" and answer["event"] == {"n": 1}
    assert environment["TABLE"] == "driftless-Table" and environment["QUEUE"].endswith("/driftless-Queue")
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "driftless-Echo"
    assert answer["arn"] == "arn:aws:lambda:us-east-1:000000000000:function:driftless-Echo"
    assert "FROM_THE_SHELL" not in environment and "HOME" not in environment


def test_a_warm_environment_is_used_again(running: Running) -> None:
    assert running.invoke({})[1]["pid"] == running.invoke({})[1]["pid"]


@pytest.mark.parametrize(
    ("do", "kind"),
    [
        ("raise", "ValueError"),
        ("exit", "Runtime.ExitError"),
        ("sleep", "Sandbox.Timedout"),
        ("large", "Function.ResponseSizeTooLarge"),
    ],
)
def test_a_failed_call_is_a_function_error_and_the_next_one_works(running: Running, do: str, kind: str) -> None:
    error, answer = running.invoke({"do": do})
    assert (error, answer["errorType"]) == ("Unhandled", kind)
    assert running.invoke({"n": 2})[1]["event"] == {"n": 2}


def test_the_time_left_is_the_templates_timeout(running: Running) -> None:
    assert 0 < running.invoke({"do": "time left"})[1] <= 2000


def test_an_http_request_arrives_in_payload_format_2(running: Running) -> None:
    headers = {"Content-Type": "application/json", "X-Twice": "yes", "Cookie": "c=1; d=2"}
    status, answered, event = running.http("PUT", "/things/a%20b?x=1&x=2&y=", b'{"k": 1}', **headers)
    assert (status, answered["x-kind"], answered["set-cookie"]) == (201, "echo", "a=b")
    assert event["version"] == "2.0" and event["routeKey"] == "ANY /things/{name}"
    assert event["rawPath"] == "/things/a b" and event["rawQueryString"] == "x=1&x=2&y="
    assert event["queryStringParameters"] == {"x": "1,2", "y": ""}
    assert event["pathParameters"] == {"name": "a b"} and event["cookies"] == ["c=1", "d=2"]
    assert event["body"] == '{"k": 1}' and event["isBase64Encoded"] is False
    assert event["headers"]["x-twice"] == "yes" and event["requestContext"]["http"]["method"] == "PUT"


def test_bytes_arrive_as_base64(running: Running) -> None:
    event = running.http("POST", "/rest/a/b", b"\xff\x00", **{"Content-Type": "application/octet-stream"})[2]
    assert (event["body"], event["isBase64Encoded"], event["pathParameters"]) == ("/wA=", True, {"proxy": "a/b"})


def test_an_unknown_path_is_not_found(running: Running) -> None:
    status, _, body = running.http("GET", "/elsewhere")
    assert (status, body) == (404, {"message": "Not Found"})


def test_a_route_with_iam_wants_a_signature_and_says_whose_it_was(running: Running) -> None:
    assert running.http("GET", "/iam/who")[0] == 403
    event = running.signed(f"http://127.0.0.1:{running.api_port}/iam/who%20am?b=2&a=1")[2]
    assert event["requestContext"]["authorizer"]["iam"]["userArn"] == DEVELOPER.arn


@pytest.mark.parametrize(
    ("name", "status"), [("driftless-Echo", 200), ("driftless-Echo:live", 200), ("driftless-Nobody", 404)]
)
def test_lambda_invoke_by_name(running: Running, name: str, status: int) -> None:
    url = f"http://127.0.0.1:{running.control_port}/2015-03-31/functions/{name}/invocations"
    assert running.signed(url, "POST", "lambda")[0] == status


def test_lambda_invoke_without_a_signature_is_refused(running: Running) -> None:
    request = Request("POST", "/2015-03-31/functions/driftless-Echo/invocations", "", {"host": "x"}, b"{}")
    assert running.host.control(request, "127.0.0.1").status == 403


def test_a_message_reaches_the_function_and_is_gone(running: Running) -> None:
    running.send("hello")
    (record,) = running.eventually_noted(lambda r: r.get("body") == "hello")
    assert record["eventSource"] == "aws:sqs" and record["attributes"]["ApproximateReceiveCount"] == "1"


def test_only_the_failed_message_of_a_batch_comes_again(running: Running) -> None:
    running.send("fail once")
    running.send("fine")
    assert len(running.eventually_noted(lambda r: r.get("body") == "fail once", 2)) == 2
    assert len(running.noted(lambda r: r.get("body") == "fine")) == 1


def test_the_stream_passes_on_what_its_filter_lets_through(running: Running) -> None:
    running.put("APP#unwanted")
    running.put("OUTBOX#1")
    (record,) = running.eventually_noted(lambda r: r.get("eventSource") == "aws:dynamodb")
    assert record["eventName"] == "INSERT" and record["dynamodb"]["NewImage"]["pk"] == {"S": "OUTBOX#1"}


def test_a_tick_runs_the_schedule_now(running: Running) -> None:
    request = Request("POST", "/-/tick", "", {})
    assert running.host.control(request, "127.0.0.1").status == 200
    assert running.eventually_noted(lambda r: r.get("source") == "aws.scheduler")
