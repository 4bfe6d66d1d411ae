"""How a command ends: the exit statuses of the `argocd` command (argo-behaviour section 15), and stopping with one."""

from __future__ import annotations

OK = 0
USAGE = 1
NOT_REACHED = 1
"""An operation that did not succeed, or a wait that ran out of time."""
DIFFERENT = 1
DIFF_FAILED = 2
REFUSED = 20
INTERRUPTED = 130


class Stop(Exception):
    """End the command: one sentence for stderr ("" = it has been said already), and the exit status."""

    def __init__(self, message: str, status: int = REFUSED) -> None:
        super().__init__(message)
        self.status = status
