"""The door for the fetch queue: each message is one repository to look at; one that fails comes again by itself."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.typing import LambdaContext

from driftless.flows.fetch import fetch
from driftless.flows.wiring import warm, world
from driftless.outlets import settings
from driftless.outlets.git import Git
from driftless.outlets.log import logger, metrics, traced
from driftless.vocabulary.errors import DriftlessError

log = logger()
counts = metrics()
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)

warm()


@cache
def git() -> Git:
    """Made once per process: what it keeps in /tmp makes the next fetch small."""
    return Git(settings.git_instead_of())


def record_handler(record: Any) -> None:
    try:
        done = fetch(json.loads(record.body), world(), git())
    except Exception as fault:
        reason = str(fault) if isinstance(fault, DriftlessError) else ""
        log.warning("the message comes again", extra={"kind": type(fault).__name__, "reason": reason})
        counts.add_metric(name="FetchFailed", unit=MetricUnit.Count, value=1)
        raise
    counts.add_metric(name="ApplicationsTold", unit=MetricUnit.Count, value=done.get("told", 0))
    if done.get("outcome") == "unavailable":
        counts.add_metric(name="RepositoryUnavailable", unit=MetricUnit.Count, value=1)
    log.info("fetched", extra=done)


@traced
@log.inject_lambda_context
@counts.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return process_partial_response(event=event, record_handler=record_handler, processor=processor, context=context)
