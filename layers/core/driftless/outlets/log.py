"""Powertools Logger, Metrics and Tracer, set up once: JSON lines, EMF metrics, no payload and no secret in any."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from driftless.outlets import settings

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics


@cache
def logger() -> Logger:
    from aws_lambda_powertools import Logger

    return Logger(utc=True)


@cache
def metrics() -> Metrics:
    from aws_lambda_powertools import Metrics

    # most messages count nothing, and that is no news
    warnings.filterwarnings("ignore", "No application metrics to publish", UserWarning)
    return Metrics()


Handler = Callable[[dict[str, Any], Any], Any]


def traced(handler: Handler) -> Handler:
    """The handler under X-Ray where template.yaml's Tracing is Active; else itself: the Tracer's import costs 0.2 s."""
    if settings.optional("TRACING") != "Active":
        return handler
    from aws_lambda_powertools import Tracer

    # neither answers nor errors: both may hold what a person or a repository wrote
    tracer = Tracer()
    return tracer.capture_lambda_handler(handler, capture_response=False, capture_error=False)
