"""Local AWS: one ministack process on loopback, with the table, queues, bucket, bus and secrets of template.yaml.

In: a folder for logs and a loaded template. Out: an address for AWS_ENDPOINT_URL, and in the template's `attributes`
what each created resource answers to Ref and GetAtt. ministack lives in a virtual environment of its own (it pins
botocore), under the cache folder, made once; everything it holds is in memory and gone with it.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from devstack.build import ROOT, cache_folder, exclusively, say
from devstack.processes import Processes, free_port
from devstack.template import ACCOUNT, REGION, STACK, Template, Unresolved
from driftless.vocabulary.errors import DriftlessError

LOCK = ROOT / "requirements" / "ministack.lock"
TARGETS = {
    "sqs": ("AmazonSQS", "application/x-amz-json-1.0"),
    "dynamodb": ("DynamoDB_20120810", "application/x-amz-json-1.0"),
    "dynamodbstreams": ("DynamoDBStreams_20120810", "application/x-amz-json-1.0"),
    "events": ("AWSEvents", "application/x-amz-json-1.1"),
    "secretsmanager": ("secretsmanager", "application/x-amz-json-1.1"),
}


class AwsRefused(DriftlessError):
    """ministack answered one call with an error."""


class Client:
    """AWS's JSON protocol over one kept-alive connection per thread.

    The development stack calls ministack for every message; an SDK's own cost would be most of each call. Requests
    name their region and key as signed ones do, which is all that ministack reads of a signature.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self._local = threading.local()

    def call(self, service: str, action: str, body: dict[str, Any], timeout: float = 30) -> dict[str, Any]:
        """One call, decoded. AwsRefused for an error answer, OSError if nobody answers."""
        target, content_type = TARGETS[service]
        headers = {"X-Amz-Target": f"{target}.{action}", "Content-Type": content_type}
        status, text = self.send("POST", "/", json.dumps(body).encode(), headers | _scope(service), timeout)
        if status >= 300:
            raise AwsRefused(f"{service} {action}: {status} {text.decode()[:300]}")
        answer: dict[str, Any] = json.loads(text) if text else {}
        return answer

    def send(
        self, method: str, path: str, body: bytes, headers: dict[str, str], timeout: float = 30
    ) -> tuple[int, bytes]:
        """One request: (status, body). A connection that the server has closed meanwhile is opened again, once."""
        for attempt in (1, 2):
            connection = self._connection(timeout)
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if attempt == 2 or isinstance(error, TimeoutError):
                    raise OSError(f"local AWS on port {self.port}: {error}") from error
        raise AssertionError("unreachable")

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        return connection


def _scope(service: str) -> dict[str, str]:
    scope = f"test/20260101/{REGION}/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"}


def environment() -> Path:
    """The Python of ministack's virtual environment, made on first use from the lock with hashes checked."""
    python = _python_for_ministack()
    key = hashlib.sha256(LOCK.read_bytes() + python.encode()).hexdigest()[:16]
    folder = cache_folder() / "ministack" / key
    if not (folder / "complete").is_file():
        with exclusively("ministack"):
            if not (folder / "complete").is_file():
                _make_environment(python, folder)
    return folder / "bin" / "python"


def _make_environment(python: str, folder: Path) -> None:
    say(f"installing ministack (once; kept in {folder})")
    start = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(LOCK)]
    for command in ([python, "-m", "venv", str(folder)], install):
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
        if done.returncode:
            last = "\n".join(done.stderr.strip().splitlines()[-10:])
            raise DriftlessError(f"ministack could not be installed:\n{last}\n", hint="is a package index reachable?")
    (folder / "complete").touch()
    say(f"installed ministack in {time.monotonic() - start:.0f} s")


def _python_for_ministack() -> str:
    """A real Python 3.13 if there is one, as the functions' runtime is; else the one that runs us."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [shutil.which("python3.13"), *sorted(map(str, pyenv.glob("3.13.*/bin/python3.13")))]
    for candidate in filter(None, candidates):
        # A pyenv shim is found on PATH and still runs nothing when its version is not selected.
        probe = subprocess.run([candidate, "-c", "import venv"], capture_output=True, timeout=30)
        if probe.returncode == 0:
            return candidate
    return sys.executable


class LocalAws:
    """A running ministack. `endpoint` is its address; `client` talks to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.client = Client(self.port)
        self.processes = Processes(folder / "logs")

    def start(self) -> None:
        python = environment()
        temporary = self.folder / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        settings = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "LOG_LEVEL": "WARNING",
            "TMPDIR": str(temporary),
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        command = [str(python), str(Path(__file__).with_name("ministack_server.py"))]
        part = self.processes.start("ministack", command, settings)
        self.processes.wait_listening(part, self.port)

    def stop(self) -> None:
        # It would wait for its long polls to end, and has nothing to save.
        self.processes.stop(grace=0.2)

    def create(self, template: Template) -> None:
        """Create what the template declares, in whatever order its references ask for.

        Fills `template.attributes`. DriftlessError if references go in a circle or ministack refuses something.
        """
        _declare(template)
        left = [(kind, i, r) for kind in CREATORS for i, r in template.resources(kind).items()]
        while left:
            postponed = []
            for kind, logical_id, resource in left:
                try:
                    properties = template.resolve(resource.get("Properties", {}))
                except Unresolved:
                    postponed.append((kind, logical_id, resource))
                    continue
                for attribute, value in CREATORS[kind](self, template, logical_id, properties).items():
                    template.attributes[logical_id, attribute] = value
            if len(postponed) == len(left):
                names = ", ".join(logical_id for _, logical_id, _ in left)
                raise DriftlessError(f"{template.path.name}: {names} refer to what the local stack does not create")
            left = postponed

    def _table(self, template: Template, logical_id: str, properties: dict[str, Any]) -> dict[str, str]:
        name = properties.get("TableName", f"{STACK}-{logical_id}")
        stream = properties.get("StreamSpecification")
        lifetime = properties.get("TimeToLiveSpecification")
        kept = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")
        body = {k: properties[k] for k in kept if k in properties} | {"TableName": name}
        if stream:
            body["StreamSpecification"] = stream | {"StreamEnabled": True}
        made = self.client.call("dynamodb", "CreateTable", body)["TableDescription"]
        if lifetime:
            self.client.call("dynamodb", "UpdateTimeToLive", {"TableName": name, "TimeToLiveSpecification": lifetime})
        return {"": name, "Arn": made["TableArn"]} | ({"StreamArn": made["LatestStreamArn"]} if stream else {})

    def _queue(self, template: Template, logical_id: str, properties: dict[str, Any]) -> dict[str, str]:
        name = properties.get("QueueName", f"{STACK}-{logical_id}")
        names = (k for k in properties if k not in ("QueueName", "Tags"))
        attributes = {k: _attribute_text(properties[k]) for k in names}
        url = self.client.call("sqs", "CreateQueue", {"QueueName": name, "Attributes": attributes})["QueueUrl"]
        return {"": url, "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}", "QueueName": name}

    def _bucket(self, template: Template, logical_id: str, properties: dict[str, Any]) -> dict[str, str]:
        name = properties.get("BucketName", f"{STACK}-{logical_id}".lower())
        status, text = self.client.send("PUT", f"/{name}", b"", _scope("s3"))
        if status >= 300:
            raise AwsRefused(f"s3 CreateBucket {name}: {status} {text.decode()[:300]}")
        return {"": name, "Arn": f"arn:aws:s3:::{name}"}

    def _bus(self, template: Template, logical_id: str, properties: dict[str, Any]) -> dict[str, str]:
        name = properties["Name"]
        arn = self.client.call("events", "CreateEventBus", {"Name": name})["EventBusArn"]
        return {"": name, "Name": name, "Arn": arn}

    def _secret(self, template: Template, logical_id: str, properties: dict[str, Any]) -> dict[str, str]:
        name = properties.get("Name", f"{STACK}/{logical_id}")
        value = properties.get("SecretString") or _generated(properties["GenerateSecretString"])
        body = {"Name": name, "SecretString": value, "ClientRequestToken": secrets.token_hex(16)}
        arn = self.client.call("secretsmanager", "CreateSecret", body)["ARN"]
        return {"": arn, "Id": arn}

    def secret(self, arn: str) -> dict[str, Any]:
        """The decoded JSON of a secret."""
        answer = self.client.call("secretsmanager", "GetSecretValue", {"SecretId": arn})
        value: dict[str, Any] = json.loads(answer["SecretString"])
        return value


CREATORS = {
    "AWS::DynamoDB::Table": LocalAws._table,
    "AWS::SQS::Queue": LocalAws._queue,
    "AWS::S3::Bucket": LocalAws._bucket,
    "AWS::Events::EventBus": LocalAws._bus,
    "AWS::SecretsManager::Secret": LocalAws._secret,
}


def _declare(template: Template) -> None:
    """Names of what ministack need not hold: functions, layers, roles, the API."""
    for logical_id in template.resources("AWS::Serverless::Function"):
        name = template.function_name(logical_id)
        template.attributes[logical_id, ""] = name
        template.attributes[logical_id, "Arn"] = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    for logical_id in template.resources("AWS::IAM::Role"):
        template.attributes[logical_id, ""] = f"{STACK}-{logical_id}"
        template.attributes[logical_id, "Arn"] = f"arn:aws:iam::{ACCOUNT}:role/{STACK}-{logical_id}"
    for kind in ("AWS::Serverless::LayerVersion", "AWS::Serverless::HttpApi", "AWS::Logs::LogGroup"):
        for logical_id in template.resources(kind):
            template.attributes[logical_id, ""] = logical_id


def _attribute_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict) else str(value)


def _generated(rule: dict[str, Any]) -> str:
    body = json.loads(rule.get("SecretStringTemplate", "{}"))
    length = int(rule.get("PasswordLength", 32))
    return json.dumps(body | {rule["GenerateStringKey"]: secrets.token_hex(length)[:length]})
