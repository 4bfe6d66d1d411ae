"""The door to Git hosts: queue messages that name a repository; each is looked up once, however many asked."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from driftless.flows import fetch
from driftless.flows.wiring import world
from driftless.outlets import settings
from driftless.outlets.git import Git
from driftless.outlets.log import logger, metrics
from driftless.vocabulary.errors import DriftlessError, Refused

log = logger()


@metrics().log_metrics
@log.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return {"batchItemFailures": [failed for record in event["Records"] for failed in _taken(record)]}


def _taken(record: dict[str, Any]) -> list[dict[str, str]]:
    """One message; what fails for a reason that may pass comes again, what can never be read does not."""
    try:
        found = fetch.fetch(json.loads(record["body"]), world(), Git(settings.git_instead_of()))
    except Refused as refusal:
        log.error("message dropped", extra={"reason": str(refusal)})
        return []
    except DriftlessError as trouble:
        log.warning("message comes again", extra={"kind": type(trouble).__name__, "reason": str(trouble)})
        return [{"itemIdentifier": record["messageId"]}]
    except Exception:
        log.exception("a fetch failed")
        metrics().add_metric(name="FetchFailed", unit="Count", value=1)
        return [{"itemIdentifier": record["messageId"]}]
    log.info("fetched", extra={"found": found})
    return []
