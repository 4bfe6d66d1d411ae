"""The door for people: the REST API and the pages (HTTP API, payload 2.0) in, one resource called, its answer out.

A refusal is an answer; a fault of ours is logged by its type and place, never with the request's body or its token.
"""

from __future__ import annotations

import time
import traceback
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from driftless.console import router
from driftless.console.request import Answer
from driftless.console.wiring import surroundings
from driftless.flows.wiring import warm
from driftless.outlets.log import traced
from driftless.vocabulary.errors import DriftlessError

logger = Logger()
metrics = Metrics()

warm()


@traced
@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        answer = router.answer(event, surroundings())
    except DriftlessError as refusal:
        answer = router.refusal(refusal)
        if answer.status >= 500:
            logger.error("console could not answer", extra={"kind": type(refusal).__name__, "reason": str(refusal)})
    except Exception as fault:
        answer = _failed(fault)
    metrics.add_metric(name=f"Console{answer.status // 100}xx", unit=MetricUnit.Count, value=1)
    metrics.add_metric(name="ConsoleTime", unit=MetricUnit.Milliseconds, value=(time.perf_counter() - started) * 1000)
    return answer.as_payload()


def _failed(fault: Exception) -> Answer:
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)]
    logger.error("console failed", extra={"kind": type(fault).__name__, "places": places})
    message = "driftless could not answer because of a fault of its own; the console function's log names the place"
    return router.refusal(DriftlessError(message))
