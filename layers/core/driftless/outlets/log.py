"""Powertools Logger and Metrics, set up once: JSON lines, EMF metrics, no payload and no secret in either."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics


@cache
def logger() -> Logger:
    from aws_lambda_powertools import Logger

    return Logger(utc=True)


@cache
def metrics() -> Metrics:
    from aws_lambda_powertools import Metrics

    return Metrics()
