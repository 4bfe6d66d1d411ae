"""The door for the table's stream: letters in, sent; those that could not be sent come again."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from driftless.flows.relay import relay
from driftless.flows.wiring import warm, world
from driftless.outlets import settings
from driftless.outlets.events import Bus
from driftless.outlets.log import logger, metrics, traced

log = logger()
counts = metrics()

warm()


@cache
def bus() -> Bus:
    return Bus(settings.get("BUS"))


@traced
@log.inject_lambda_context
@counts.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    records = event.get("Records") or []
    failed = relay(records, world(), bus)
    counts.add_metric(name="LettersSent", unit=MetricUnit.Count, value=len(records) - len(failed))
    log.info("relayed", extra={"letters": len(records), "waiting": len(failed)})
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in failed]}
