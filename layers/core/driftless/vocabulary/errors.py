"""What may go wrong, by meaning; each door turns one into its own answer (HTTP status, exit code, condition).

A failed *sync* is a value (a result, a condition); these are for a request that cannot be served.
The message is a person's sentence that names what and where; `hint` says what to do next.

    DriftlessError                     500  a fault of ours
    ├── Refused                        400  the input cannot be accepted as it is
    │   ├── Unauthorized               401  who asks could not be verified
    │   ├── Forbidden                  403  who asks may not
    │   ├── NotFound                   404  no such thing
    │   ├── Conflict                   409  it exists, or something else is under way
    │   └── TooLarge                   413  over a size cap
    ├── SourceError                    422  Git content cannot become objects: revision, checkout, render
    ├── ClusterRefused                 422  the API server said no to one request; carries its reason
    ├── NotBuiltYet                    501  Argo CD has it, Driftless does not yet
    └── Unavailable                    503  something outside is down, slow or throttling: try again later
        └── LeaseLost                  503  another worker has taken over; this one must write nothing more
"""

from __future__ import annotations


class DriftlessError(Exception):
    """Base of everything Driftless says on purpose. `code` is the HTTP status a REST caller sees."""

    code = 500
    retryable = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class Refused(DriftlessError):
    code = 400


class Unauthorized(Refused):
    code = 401


class Forbidden(Refused):
    code = 403


class NotFound(Refused):
    code = 404


class Conflict(Refused):
    code = 409


class TooLarge(Refused):
    code = 413


class SourceError(DriftlessError):
    """Git content that cannot become objects. `stage` is the room that found it: revision, checkout or render."""

    code = 422

    def __init__(self, stage: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.stage = stage


class ClusterRefused(DriftlessError):
    """The API server answered one request with an error of its own; `status` is the HTTP status, `reason` Kubernetes'.

    `message` is the Status message with object bodies left out: an API server may echo what was sent.
    """

    code = 422

    def __init__(self, status: int, reason: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.reason = reason


class NotBuiltYet(Refused):
    code = 501


class Unavailable(DriftlessError):
    code = 503
    retryable = True


class LeaseLost(Unavailable):
    """The lease went to another worker meanwhile (fencing): stop, write nothing."""
