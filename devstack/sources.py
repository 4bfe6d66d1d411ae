"""What makes functions run by itself: queues, the table's stream, the schedule. Each source is a thread of its own.

In: an event source as template.yaml declares it. Out: invocations with the records Lambda would pass, and what
follows from the answer: messages deleted or left for later, the stream read on or the same batch again.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from devstack.build import say
from devstack.functions import Pool
from devstack.localaws import AwsRefused, Client
from devstack.runtimeapi import Answer
from devstack.template import ACCOUNT, REGION, Event, Function
from driftless.vocabulary.errors import DriftlessError, NotBuiltYet

LONG_POLL = 20
PARTIAL = "ReportBatchItemFailures"
BUSY_WAIT, IDLE_WAIT = 0.02, 0.1
"""Seconds between looks at a stream: just after it brought something, and otherwise."""


class Source(threading.Thread, ABC):
    """A thread that feeds one function until `halt`; a fault of local AWS is waited out, not died of."""

    def __init__(self, client: Client, function: Function, event: Event, pool: Pool) -> None:
        super().__init__(name=f"{function.logical_id}-{event.name}", daemon=True)
        self.client, self.function, self.pool = client, function, pool
        self.properties = event.properties
        self.halted = threading.Event()
        self.partial = PARTIAL in event.properties.get("FunctionResponseTypes", [])

    def run(self) -> None:
        while not self.halted.is_set():
            try:
                self.step()
            except (OSError, AwsRefused) as error:
                if not self.halted.is_set():
                    say(f"{self.name}: {error}")
                    self.halted.wait(1)

    @abstractmethod
    def step(self) -> None:
        """Wait for records, and see to them."""

    def halt(self) -> None:
        self.halted.set()


class QueueSource(Source):
    """SQS: batches go out side by side, as many as the function has room for; what failed stays until visible again."""

    def __init__(self, client: Client, function: Function, event: Event, pool: Pool) -> None:
        super().__init__(client, function, event, pool)
        self.arn = str(self.properties["Queue"])
        self.batch = int(self.properties.get("BatchSize", 10))
        self.url = queue_url(client, self.arn)
        self.in_hand = threading.Semaphore(pool.limit)

    def step(self) -> None:
        if not self.in_hand.acquire(timeout=1):
            return
        self.in_hand.release()
        room = max(1, self.pool.free())
        request = {
            "QueueUrl": self.url,
            "MaxNumberOfMessages": min(10, room * self.batch),
            "WaitTimeSeconds": LONG_POLL,
            "MessageSystemAttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        }
        messages = self.client.call("sqs", "ReceiveMessage", request, LONG_POLL + 10).get("Messages", [])
        for start in range(0, len(messages), self.batch):
            self.in_hand.acquire()
            batch = messages[start : start + self.batch]
            threading.Thread(target=self._deliver, args=(batch,), daemon=True).start()

    def _deliver(self, messages: list[dict[str, Any]]) -> None:
        try:
            records = [self._record(message) for message in messages]
            answer = self.pool.invoke(json.dumps({"Records": records}).encode())
            failed = failures(answer, {m["MessageId"] for m in messages}, self.partial)
            done = [m for m in messages if m["MessageId"] not in failed]
            if done:
                entries = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(done)]
                self.client.call("sqs", "DeleteMessageBatch", {"QueueUrl": self.url, "Entries": entries})
        except (OSError, DriftlessError) as error:
            say(f"{self.name}: {error}")
        finally:
            self.in_hand.release()

    def _record(self, message: dict[str, Any]) -> dict[str, Any]:
        given = message.get("MessageAttributes", {})
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message.get("Attributes", {}),
            "messageAttributes": {name: _attribute(value) for name, value in given.items()},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self.arn,
            "awsRegion": REGION,
        }


def _attribute(value: dict[str, Any]) -> dict[str, Any]:
    return {k[0].lower() + k[1:]: v for k, v in value.items()} | {"stringListValues": [], "binaryListValues": []}


class StreamSource(Source):
    """DynamoDB stream: records in order, the filtered ones to the function, the same batch again until it succeeds."""

    def __init__(self, client: Client, function: Function, event: Event, pool: Pool) -> None:
        super().__init__(client, function, event, pool)
        self.arn = str(self.properties["Stream"])
        self.batch = int(self.properties.get("BatchSize", 100))
        filters = self.properties.get("FilterCriteria", {}).get("Filters", [])
        self.patterns = [json.loads(f["Pattern"]) for f in filters]
        self.retries = int(self.properties.get("MaximumRetryAttempts", -1))
        self.bisect = bool(self.properties.get("BisectBatchOnFunctionError", False))
        self.destination = str(self.properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", ""))
        self.iterator = ""
        self.last_seen = 0.0

    def step(self) -> None:
        if not self.iterator:
            self.iterator = self._first_iterator()
        answer = self.client.call(
            "dynamodbstreams", "GetRecords", {"ShardIterator": self.iterator, "Limit": self.batch}
        )
        records = [r for r in answer.get("Records", []) if matches_any(r, self.patterns)]
        if records:
            self._deliver(records)
            self.last_seen = time.monotonic()
        self.iterator = answer.get("NextShardIterator", "")
        if not answer.get("Records"):
            self.halted.wait(BUSY_WAIT if time.monotonic() - self.last_seen < 5 else IDLE_WAIT)

    def _first_iterator(self) -> str:
        described = self.client.call("dynamodbstreams", "DescribeStream", {"StreamArn": self.arn})
        shard = described["StreamDescription"]["Shards"][0]["ShardId"]
        start = str(self.properties.get("StartingPosition", "TRIM_HORIZON"))
        request = {"StreamArn": self.arn, "ShardId": shard, "ShardIteratorType": start}
        return str(self.client.call("dynamodbstreams", "GetShardIterator", request)["ShardIterator"])

    def _deliver(self, records: list[dict[str, Any]]) -> None:
        """All of `records` to the function, in order; what fails to the end goes to the destination for failures."""
        pause, attempts = 0.2, 0
        while records and not self.halted.is_set():
            events = [r | {"eventSourceARN": self.arn, "awsRegion": REGION} for r in records]
            answer = self.pool.invoke(json.dumps({"Records": events}).encode())
            numbers = [r["dynamodb"]["SequenceNumber"] for r in records]
            failed = failures(answer, set(numbers), self.partial)
            first = min((numbers.index(n) for n in failed), default=len(records))
            if first:
                records, attempts = records[first:], 0
                continue
            attempts += 1
            if 0 <= self.retries < attempts:
                return self._give_up(records, attempts)
            say(f"{self.name}: failed, the same batch again in {pause:.1f} s; see the function's log")
            self.halted.wait(pause)
            pause = min(pause * 2, 10) * random.uniform(0.8, 1.2)
            if self.bisect and answer.error and len(records) > 1:
                half = len(records) // 2
                self._deliver(records[:half])
                records, attempts = records[half:], 0
        return None

    def _give_up(self, records: list[dict[str, Any]], attempts: int) -> None:
        say(f"{self.name}: given up on {len(records)} records after {attempts} tries; see the function's log")
        if not self.destination:
            return
        batch = {
            "streamArn": self.arn,
            "startSequenceNumber": records[0]["dynamodb"]["SequenceNumber"],
            "endSequenceNumber": records[-1]["dynamodb"]["SequenceNumber"],
            "batchSize": len(records),
        }
        context = {"functionArn": self.pool.launch.arn, "condition": "RetryAttemptsExhausted"}
        context["approximateInvokeCount"] = str(attempts)
        note = {"version": "1.0", "requestContext": context, "DDBStreamBatchInfo": batch}
        message = {"QueueUrl": queue_url(self.client, self.destination), "MessageBody": json.dumps(note)}
        self.client.call("sqs", "SendMessage", message)


class ScheduleSource(Source):
    """EventBridge Scheduler: at a rate, and at once when `fire` is called."""

    def __init__(self, client: Client, function: Function, event: Event, pool: Pool) -> None:
        super().__init__(client, function, event, pool)
        self.seconds = rate(str(self.properties["ScheduleExpression"]))
        self.input = self.properties.get("Input")
        self.schedule = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{self.name}"

    def step(self) -> None:
        if not self.halted.wait(self.seconds):
            answer = self.fire()
            if answer.error:
                say(f"{self.name}: {answer.payload.decode(errors='replace')[:300]}")

    def fire(self) -> Answer:
        """Run the function now, as the schedule would."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": ACCOUNT,
            "time": now,
            "region": REGION,
            "resources": [self.schedule],
            "detail": "{}",
        }
        return self.pool.invoke(str(self.input).encode() if self.input else json.dumps(event).encode())


KINDS: dict[str, Callable[[Client, Function, Event, Pool], Source]] = {
    "SQS": QueueSource,
    "DynamoDB": StreamSource,
    "ScheduleV2": ScheduleSource,
    "Schedule": ScheduleSource,
}


def source(client: Client, function: Function, event: Event, pool: Pool) -> Source:
    """The source for one event. NotBuiltYet for a kind that the local stack does not run."""
    if event.kind not in KINDS:
        raise NotBuiltYet(
            f"template.yaml: {function.logical_id}'s event {event.name} is of type {event.kind}, "
            "which the local stack does not run",
            hint="add it to devstack/sources.py",
        )
    return KINDS[event.kind](client, function, event, pool)


def queue_url(client: Client, arn: str) -> str:
    return str(client.call("sqs", "GetQueueUrl", {"QueueName": arn.rsplit(":", 1)[-1]})["QueueUrl"])


def failures(answer: Answer, ids: set[str], partial: bool) -> set[str]:
    """Which of `ids` are to come again, by Lambda's rules: all on an error or an answer that makes no sense."""
    if answer.error:
        return ids
    if not partial:
        return set()
    try:
        document = json.loads(answer.payload or b"null") or {}
        named = {item["itemIdentifier"] for item in document.get("batchItemFailures") or []}
    except (ValueError, AttributeError, TypeError, KeyError):
        return ids
    return named if named <= ids else ids


def matches_any(record: dict[str, Any], patterns: list[dict[str, Any]]) -> bool:
    return not patterns or any(_matches(record, pattern) for pattern in patterns)


def _matches(value: Any, pattern: Any) -> bool:
    """EventBridge's pattern language, as far as event source filters here use it: values, prefix, exists."""
    if isinstance(pattern, dict):
        return all(_matches(value.get(k) if isinstance(value, dict) else None, p) for k, p in pattern.items())
    return any(_allows(rule, value) for rule in pattern)


def _allows(rule: Any, value: Any) -> bool:
    if not isinstance(rule, dict):
        return bool(rule == value)
    (name, argument), *others = rule.items()
    if others or name not in ("prefix", "exists", "anything-but"):
        raise NotBuiltYet(f"the local stack does not know the filter rule {json.dumps(rule)}")
    if name == "prefix":
        return isinstance(value, str) and value.startswith(argument)
    if name == "exists":
        return (value is not None) is bool(argument)
    return value not in (argument if isinstance(argument, list) else [argument])


def rate(expression: str) -> float:
    """Seconds of a rate(...) expression; NotBuiltYet for cron and at."""
    match = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression.strip())
    if not match:
        raise NotBuiltYet(f"the local stack runs rate(...) schedules, not {expression}")
    return float(match.group(1)) * {"minute": 60, "hour": 3600, "day": 86400}[match.group(2)]
