"""The console's real surroundings: the world, the administrator's token, and the sync function by direct invoke."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from driftless.console.call import Surroundings
from driftless.flows import wiring
from driftless.outlets import aws, secrets, settings
from driftless.vocabulary.errors import DriftlessError, Unavailable


@cache
def surroundings() -> Surroundings:
    return Surroundings(world=wiring.world(), token=token, live=invoke)


def token() -> str:
    """The bearer token of the administrator. A secret without one is a fault of the deployment, and says so."""
    document = secrets.read(settings.get("CONSOLE_TOKEN_SECRET"))
    text = document.get("token") if isinstance(document, dict) else ""
    if not text:
        raise DriftlessError('the secret of DRIFTLESS_CONSOLE_TOKEN_SECRET has no "token"')
    return str(text)


def invoke(document: dict[str, Any]) -> dict[str, Any]:
    """Ask the sync function and wait. Raises Unavailable when it did not answer, or cannot be asked now."""
    request = {"FunctionName": settings.get("SYNC_FUNCTION"), "Payload": json.dumps(document).encode()}
    try:
        answer = aws.client("lambda").invoke(**request)
        payload = json.loads(answer["Payload"].read() or b"null")
    except Exception as error:
        if aws.error_code(error) == "TooManyRequestsException":
            raise Unavailable("the sync function is busy", hint="try again in a moment") from error
        raise aws.unavailable(error, "the sync function") or error from error
    if answer.get("FunctionError") or not isinstance(payload, dict):
        raise Unavailable("the sync function failed or ran out of time", hint="its log says more")
    return payload
