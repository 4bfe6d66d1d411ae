"""The door for Git hosts: POST /api/webhook (HTTP API, payload 2.0) in, one flow called, JSON out.

Bad input is answered 4xx and never logged; a fault of ours is logged by its type and place, without the payload.
Nothing is imported here that the answer does not need: the first push after a pause waits for this file.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from driftless.flows import webhook, wiring
from driftless.outlets.log import traced
from driftless.vocabulary.errors import DriftlessError, Refused, Unauthorized

logger = Logger()
metrics = Metrics()

wiring.warm()


def wired() -> tuple[webhook.Outlets, Mapping[str, Sequence[str]]]:
    """The real outlets and the valid secrets; here, and not above, so that a test can wire its own."""
    return wiring.webhook_outlets(), wiring.webhook_secrets()


@traced
@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    try:
        outlets, secrets = wired()
        answer = webhook.receive(event.get("headers") or {}, _body(event), outlets, secrets, time.time())
    except DriftlessError as refusal:
        return _refused(refusal)
    except Exception as fault:
        return _failed(fault)
    _count("WebhookDuplicate" if answer.document.get("duplicate") else "WebhookAccepted")
    logger.info("webhook answered", extra={"status": answer.status, "webhook": answer.document})
    return _response(answer.status, answer.document)


def _body(event: dict[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode(errors="backslashreplace")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError, TypeError) as cause:
        raise Refused("the request's body is not the base64 that it is said to be") from cause


def _refused(refusal: DriftlessError) -> dict[str, Any]:
    kind = type(refusal).__name__
    metric = "WebhookUnauthorized" if isinstance(refusal, Unauthorized) else "WebhookRefused"
    _count(metric if refusal.code < 500 else "WebhookFailed")
    logger.warning("webhook refused", extra={"code": refusal.code, "kind": kind, "reason": str(refusal)})
    return _response(refusal.code, {"error": kind, "code": refusal.code, "message": str(refusal)})


def _failed(fault: Exception) -> dict[str, Any]:
    _count("WebhookFailed")
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)]
    logger.error("webhook failed", extra={"kind": type(fault).__name__, "places": places})
    message = "driftless could not take this webhook because of a fault of its own; the poll will find the change"
    return _response(500, {"error": "InternalError", "code": 500, "message": message})


def _count(name: str) -> None:
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)


def _response(status: int, document: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(document)}
