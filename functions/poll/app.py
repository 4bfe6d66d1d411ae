"""The door for the schedule: every few minutes, ask for what must be looked at."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from driftless.flows.poll import poll
from driftless.flows.wiring import world

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    asked = poll(world())
    metrics.add_metric(name="PolledRepositories", unit=MetricUnit.Count, value=asked["repositories"])
    metrics.add_metric(name="SweptApplications", unit=MetricUnit.Count, value=asked["applications"])
    logger.info("polled", extra=asked)
    return asked
