"""The door to the clusters: queue messages (visit an application, scan a cluster) and direct invokes.

A direct invoke is {"action": "sync"|"rollback"|"refresh"|"diff"|"manifests"|"resource-tree", "application": NAME, …};
its answer is the document that REST gives for the same, or {"error", "code", "message"}.
"""

from __future__ import annotations

import json
import traceback
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from driftless.flows import direct, scan, sync
from driftless.flows.wiring import warm, world
from driftless.outlets.log import logger, metrics, traced
from driftless.vocabulary.errors import DriftlessError, Refused

log = logger()

warm()


@traced
@metrics().log_metrics
@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    if "Records" in event:
        return {"batchItemFailures": [failed for record in event["Records"] for failed in _taken(record)]}
    try:
        return direct.invoke(event, world())
    except DriftlessError as refusal:
        log.warning("refused", extra={"kind": type(refusal).__name__, "reason": str(refusal)})
        return {"error": type(refusal).__name__, "code": refusal.code, "message": str(refusal)}
    except Exception as fault:
        _failed(fault)
        message = "driftless could not answer because of a fault of its own; the sync function's log names the place"
        return {"error": "DriftlessError", "code": 500, "message": message}


def _taken(record: dict[str, Any]) -> list[dict[str, str]]:
    """One message; what fails for a reason that may pass comes again, what can never be read does not."""
    try:
        message = json.loads(record["body"])
        found = _carried_out(message)
    except Refused as refusal:
        log.error("message dropped", extra={"reason": str(refusal)})
        return []
    except DriftlessError as trouble:
        log.warning("message comes again", extra={"kind": type(trouble).__name__, "reason": str(trouble)})
        return [{"itemIdentifier": record["messageId"]}]
    except Exception as fault:
        _failed(fault)
        return [{"itemIdentifier": record["messageId"]}]
    log.info("done", extra={"cause": message.get("cause", ""), "found": found})
    return []


def _failed(fault: Exception) -> None:
    """Logged by its type and place: the words of an exception may quote an object, a Secret among them."""
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(fault.__traceback__)]
    log.error("a step failed", extra={"kind": type(fault).__name__, "places": places})
    metrics().add_metric(name="StepFailed", unit="Count", value=1)


def _carried_out(message: dict[str, Any]) -> dict[str, Any]:
    if "scan" in message:
        return scan.scan(message["scan"], world())
    if "application" in message:
        return sync.visit(message["application"], world(), cause=str(message.get("cause") or ""))
    raise Refused("a message on the sync queue names neither an application nor a cluster to scan")
