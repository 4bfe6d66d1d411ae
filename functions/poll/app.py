"""The door of the schedule: every three minutes, ask for what a webhook may have missed."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from driftless.flows import poll
from driftless.flows.wiring import world
from driftless.outlets.log import logger, metrics

log = logger()


@metrics().log_metrics
@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    asked = poll.poll(world())
    metrics().add_metric(name="RepositoriesPolled", unit="Count", value=asked["repositories"])
    log.info("polled", extra={"asked": asked})
    return asked
