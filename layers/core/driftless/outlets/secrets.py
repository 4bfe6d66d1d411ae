"""Secrets Manager, read through Powertools' parameter cache: five minutes, so that a rotation needs no restart."""

from __future__ import annotations

import json
from typing import Any

from driftless.outlets import aws
from driftless.vocabulary.errors import NotFound

MAX_AGE_SECONDS = 300


def read(secret_id: str) -> Any:
    """The secret's JSON document (or its text, when it is not JSON). Raises NotFound, or Unavailable."""
    from aws_lambda_powertools.utilities.parameters import SecretsProvider

    global _provider
    if _provider is None:
        _provider = SecretsProvider(boto3_client=aws.client("secretsmanager"))
    try:
        text = _provider.get(secret_id, max_age=MAX_AGE_SECONDS)
    except Exception as error:
        # Powertools wraps what happened in an error of its own, without naming it as the cause.
        cause = error.__context__ if isinstance(error.__context__, Exception) else error
        if "ResourceNotFoundException" in (aws.error_code(cause) or str(error)):
            raise NotFound(f"there is no secret {secret_id}") from None
        raise aws.unavailable(cause, "Secrets Manager") or error from error
    try:
        return json.loads(text)
    except ValueError:
        return text


_provider: Any = None
