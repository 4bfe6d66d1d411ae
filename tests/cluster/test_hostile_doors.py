"""The doors of the whole stack, knocked at by strangers: 4xx in a sentence, one unit of work, no way to a cluster.

What each provider's signature and each REST resource refuse is in tests/unit; here it is asked over HTTP.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import ssl
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import urllib3
from botocore.credentials import Credentials

from devstack.push import Checkout
from devstack.stack import Stack
from driftless.console.router import ROUTES
from driftless.outlets import eks
from tests.cluster.hostile import HTTP, Answer, Hands, application, is_well, read

GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\ndata: {a: b}\n"
BROKEN = {
    "not JSON": b"{nope",
    "no text": b"\xff\xfe\x00",
    "deep": b"[" * 100_000,
    "a list": b"[]",
    "half a character": b'{"metadata": {"name": "\\ud83d"}}',
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@pytest.fixture(scope="module")
def hands(running_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Hands:
    return Hands(running_stack.environment, tmp_path_factory.mktemp("doors"))


@pytest.fixture(scope="module")
def pushed(hands: Hands) -> Iterator[Checkout]:
    made = hands.repository("doors")
    made.write({"a.yaml": GOOD})
    made.push("first")
    hands.application("doors", made, ".")
    hands.well("doors")
    yield made
    hands.call("DELETE", "/api/v1/applications/doors?cascade=false")


def post(hands: Hands, body: bytes, headers: dict[str, str]) -> Answer:
    return read(HTTP.request("POST", hands.hook.url, body=body, headers=headers))


def signed(hands: Hands, body: bytes, event: str = "push") -> dict[str, str]:
    signature = hmac.new(hands.hook.secret.encode(), body, hashlib.sha256).hexdigest()
    delivery = {"x-github-delivery": secrets.token_hex(8), "x-github-event": event}
    return delivery | {"x-hub-signature-256": f"sha256={signature}", "content-type": "application/json"}


def test_an_unsigned_or_wrongly_signed_push_is_401_and_nothing_is_looked_up(hands: Hands, pushed: Checkout) -> None:
    before = hands.looks(pushed)
    headers, body = pushed.event(hands.hook.secret, "unsigned")
    bare = {name: value for name, value in headers.items() if "signature" not in name}
    for wrong in (bare, bare | {"x-hub-signature-256": f"sha256={'0' * 64}"}, bare | {"x-hub-signature": "sha1=00"}):
        assert post(hands, body, wrong).status == 401
    assert post(hands, body + b" ", headers).status == 401
    assert hands.looks(pushed) == before


def test_a_signed_body_that_is_no_push_is_never_a_5xx(hands: Hands, pushed: Checkout) -> None:
    for name, body in BROKEN.items():
        assert 400 <= post(hands, body, signed(hands, body)).status < 500, name
    large = b'{"a": "' + b"x" * (11 << 20) + b'"}'
    assert post(hands, large, signed(hands, large)).status == 413
    _, body = pushed.event("", "")
    assert "ignored" in post(hands, body, signed(hands, body, "deployment_status")).body
    unknown = body.replace(b"hostile/doors", b"hostile/nobody")
    answer = post(hands, unknown, signed(hands, unknown))
    assert (answer.status, answer.body["applications"]) == (202, [])
    endless = body.replace(b"hostile/doors", b"hostile/" + b"x" * 5000)
    assert post(hands, endless, signed(hands, endless)).status == 400


def test_200_deliveries_of_one_push_at_once_are_one_unit_of_work(hands: Hands, pushed: Checkout) -> None:
    pushed.write({"a.yaml": GOOD.replace("a: b", "a: c")})
    sha = pushed.push("second")
    before, entries = hands.looks(pushed), len(hands.status("doors")["history"])
    headers, body = pushed.event(hands.hook.secret, "two-hundred")
    with ThreadPoolExecutor(40) as workers:
        statuses = Counter(workers.map(lambda _: post(hands, body, headers).status, range(200)))
    assert statuses == {202: 200}
    status = hands.until("doors", lambda s: s["sync"].get("revision") == sha and is_well(s))
    assert len(status["history"]) == entries + 1
    # more than one of the 200 may ask before the first is remembered; then the look-up is made once more, not 200 times
    assert 1 <= hands.looks(pushed) - before <= 4


def test_forty_applications_asked_for_at_once_do_not_lock_their_repository(hands: Hands, pushed: Checkout) -> None:
    names = [f"many-{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as workers:
        list(workers.map(lambda name: hands.application(name, pushed, ".", directory={"exclude": "*"}), names))
    for name in names:
        hands.until(name, lambda status: status["sync"]["status"] == "Synced", 30)
    for name in names:
        assert hands.call("DELETE", f"/api/v1/applications/{name}?cascade=false").status == 200


def test_without_a_valid_token_every_resource_is_401_in_json(hands: Hands) -> None:
    paths = {re.sub(r"\(\?P<\w+>[^)]+\)", "x", route.path.pattern) for route in ROUTES}
    for path in sorted(path for path in paths if path.startswith("/api/")):
        for token in ("", "wrong", hands.environment["DRIFTLESS_TOKEN"][:-1]):
            for method in METHODS:
                answer = hands.call(method, path, None if method in ("GET", "DELETE") else {}, token)
                assert answer.status == 401, (method, path, answer.text)
                assert set(answer.body) == {"error", "code", "message"}, (method, path)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/applications/..%2f..%2fetc%2fpasswd",
        "/api/v1/applications/%00",
        "/api/v1/applications/%ff%fe",
        "/api/v1/clusters/..%2f..%2fetc",
        "/applications/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        pytest.param(f"/api/v1/applications/{'a' * 3000}", id="3000 characters"),
        pytest.param(f"/api/v1/clusters/{'a' * 3000}", id="3000 characters of a cluster"),
    ],
)
def test_a_path_that_leads_elsewhere_leads_nowhere(hands: Hands, path: str) -> None:
    answer = hands.call("GET", path)
    assert answer.status in (404, 413) and isinstance(answer.body, dict), answer.text


def test_a_body_that_is_no_request_is_refused(hands: Hands, pushed: Checkout) -> None:
    for method, path in (
        ("POST", "/api/v1/applications"),
        ("PATCH", "/api/v1/applications/doors"),
        ("PUT", "/api/v1/applications/doors"),
        ("POST", "/api/v1/applications/doors/sync"),
        ("POST", "/api/v1/applications/doors/rollback"),
        ("POST", "/api/v1/clusters"),
    ):
        for name, body in BROKEN.items():
            assert hands.call(method, path, body).status == 400, (method, path, name)
        assert hands.call(method, path, b'{"a": "' + b"x" * (2 << 20) + b'"}').status == 413


def changed(**spec: Any) -> dict[str, Any]:
    document = application("refused", "https://github.com/hostile/doors.git", ".")
    document["spec"] |= spec
    return document


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (changed(destination=None), "spec.destination is required"),
        (changed(source={"repoURL": "https://git.test/r", "path": 7}), "spec.source.path must be a string, not 7"),
        (changed(syncPolicy=[]), "spec.syncPolicy must be a map, not a list"),
        (changed(source={"path": "."}), "spec.source.repoURL is required"),
        (changed(info=[{"name": "x", "value": "y" * 900_000}]), "longer than the table can keep"),
        (changed(source={"repoURL": f"https://git.test/{'x' * 3000}", "path": "."}), "longer than the table can keep"),
    ],
    ids=["destination", "type", "list", "repository", "large", "long"],
)
def test_an_application_that_is_none_is_refused_with_the_field(
    hands: Hands, document: dict[str, Any], said: str
) -> None:
    answer = hands.call("POST", "/api/v1/applications", document)
    assert answer.status in (400, 413) and said in answer.body["message"], answer.text


def test_who_faces_the_internet_holds_nothing_that_reaches_a_cluster(running_stack: Stack, pushed: Checkout) -> None:
    host = running_stack.parts()["functions-host"].process.pid
    found = {e["AWS_LAMBDA_FUNCTION_NAME"]: e for e in environments(host) if "AWS_LAMBDA_FUNCTION_NAME" in e}
    plane = running_stack.planes["in-cluster"]
    assert {"driftless-Webhook", "driftless-Fetch", "driftless-Sync"} <= found.keys()
    keys = {environment["AWS_ACCESS_KEY_ID"] for environment in found.values()}
    assert len(keys) == len(found), "each function is a role of its own"
    for name, environment in found.items():
        text = json.dumps(environment)
        assert "KUBECONFIG" not in environment and plane.endpoint not in text and plane.token not in text, name
        assert running_stack.environment["DRIFTLESS_TOKEN"] not in text, name
        assert running_stack.environment["DRIFTLESS_WEBHOOK_SECRET"] not in text, name


def environments(pid: int) -> Iterator[dict[str, str]]:
    """The environments of a process' descendants."""
    children = [int(c) for task in Path(f"/proc/{pid}/task").iterdir() for c in (task / "children").read_text().split()]
    for child in children:
        text = Path(f"/proc/{child}/environ").read_text()
        yield dict(entry.split("=", 1) for entry in text.split("\0") if "=" in entry)
        yield from environments(child)


def test_only_the_sync_functions_role_gets_into_a_cluster(running_stack: Stack, pushed: Checkout) -> None:
    plane = running_stack.planes["in-cluster"]
    tls = ssl.create_default_context(cafile=str(plane.ca_file))
    answers = {}
    for environment in environments(running_stack.parts()["functions-host"].process.pid):
        if name := environment.get("AWS_LAMBDA_FUNCTION_NAME", ""):
            headers = {"authorization": f"Bearer {minted(environment)}"}
            with urllib3.PoolManager(ssl_context=tls, retries=False, timeout=10) as cluster:
                found = cluster.request("GET", f"{plane.endpoint}/api/v1/configmaps?limit=1", headers=headers)
            answers[name] = found.status
    assert answers.pop("driftless-Sync") == 200
    assert {"driftless-Webhook", "driftless-Fetch"} <= answers.keys() and set(answers.values()) == {401}, answers


def minted(environment: dict[str, str]) -> str:
    """The token that a function could make for itself with what it has."""
    parts = (environment[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", environment["AWS_ENDPOINT_URL"])
        return eks.sign("in-cluster", environment["AWS_REGION"], Credentials(*parts))
