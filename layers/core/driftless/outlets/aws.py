"""boto3 clients, one per service and process, made on first use, with short timeouts and few retries.

A Lambda that waits a minute on a dead endpoint costs more than the retry its queue would give it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from driftless.vocabulary.errors import Unavailable


@cache
def client(service: str) -> Any:
    """The process' client of one service: "dynamodb", "sqs", "s3", "secretsmanager", "events", "lambda"."""
    import boto3
    from botocore.config import Config

    make: Any = boto3.client  # the stubs have one overload per service name, none for a variable

    config = Config(
        connect_timeout=2,
        read_timeout=10 if service != "lambda" else 35,
        retries={"mode": "standard", "total_max_attempts": 4},
        max_pool_connections=16,
        tcp_keepalive=True,
    )
    return make(service, config=config)


_TRANSIENT = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "Throttling",
    "SlowDown",
    "InternalServerError",
    "InternalError",
    "ServiceUnavailable",
    "TransactionInProgressException",
    "TransactionConflictException",
    "RequestTimeout",
}


def error_code(error: Exception) -> str:
    """The service's error code of a botocore ClientError, "" for anything else."""
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def unavailable(error: Exception, what: str) -> Unavailable | None:
    """What to raise when `error` is AWS being down, slow or throttling; None when it is something else."""
    from botocore.exceptions import ConnectionError as NoConnection
    from botocore.exceptions import HTTPClientError

    if error_code(error) in _TRANSIENT or isinstance(error, NoConnection | HTTPClientError):
        return Unavailable(f"{what} is not answering ({error_code(error) or type(error).__name__})")
    return None
