"""The only reader of environment variables: what template.yaml gives a function, checked on first use.

A missing variable fails at once and names itself; a function asks only for what its own template entry gives.
"""

from __future__ import annotations

import os

from driftless.vocabulary.errors import DriftlessError


def get(name: str) -> str:
    """The value of DRIFTLESS_<name>. Raises DriftlessError when template.yaml does not give it to this function."""
    value = os.environ.get(f"DRIFTLESS_{name}", "")
    if not value:
        raise DriftlessError(
            f"environment variable DRIFTLESS_{name} is not set",
            hint="check this function's Environment in template.yaml",
        )
    return value


def optional(name: str, default: str = "") -> str:
    return os.environ.get(f"DRIFTLESS_{name}", default)


def in_lambda() -> bool:
    """Whether this process is a function (or a snapshot of one in the making), not a test or a person's shell."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


def table() -> str:
    return get("TABLE")


def bucket() -> str:
    return get("BUCKET")


def fetch_queue_url() -> str:
    return get("FETCH_QUEUE_URL")


def sync_queue_url() -> str:
    return get("SYNC_QUEUE_URL")


def git_instead_of() -> tuple[tuple[str, str], ...]:
    """Mirrors as (prefix, replacement) pairs, the longest prefix first, as git's url.insteadOf chooses."""
    pairs = [pair.partition("=") for pair in optional("GIT_INSTEAD_OF").split()]
    return tuple(sorted(((p, r) for p, _, r in pairs if r), key=lambda pair: -len(pair[0])))
