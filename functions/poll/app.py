"""The door for the schedule: every few minutes, ask for what must be looked at."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from driftless.flows.poll import poll
from driftless.flows.wiring import warm, world
from driftless.outlets.log import logger, metrics, traced

log = logger()
counts = metrics()

warm()


@traced
@log.inject_lambda_context
@counts.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    asked = poll(world())
    counts.add_metric(name="PolledRepositories", unit=MetricUnit.Count, value=asked["repositories"])
    counts.add_metric(name="SweptApplications", unit=MetricUnit.Count, value=asked["applications"])
    log.info("polled", extra=asked)
    return asked
