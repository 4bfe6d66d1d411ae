"""The door of the table's stream: new letters in the outbox are sent on."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from driftless.flows import relay
from driftless.flows.wiring import world
from driftless.outlets import aws, settings
from driftless.outlets.log import logger, metrics
from driftless.record.outbox import Letter

log = logger()


@metrics().log_metrics
@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    failed, trouble = relay.relay(event["Records"], {"sync": _to_sync, "fetch": _to_fetch, "events": _to_bus})
    if trouble is not None:
        log.warning("letters come again", extra={"kind": type(trouble).__name__, "reason": str(trouble)})
        metrics().add_metric(name="RelayFailed", unit="Count", value=1)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


def _to_sync(letter: Letter) -> None:
    world().sync_queue().send(letter.message, delay_seconds=letter.delay_seconds)


def _to_fetch(letter: Letter) -> None:
    world().fetch_queue().send(letter.message, delay_seconds=letter.delay_seconds)


def _to_bus(letter: Letter) -> None:
    entry = relay.event(letter, settings.get("BUS"))
    answer = aws.client("events").put_events(Entries=[entry])
    if answer.get("FailedEntryCount"):
        raise aws.unavailable(RuntimeError(), "EventBridge") or RuntimeError("EventBridge refused an event")
