"""The one shape that every provider module has; the register in `intake` holds one module per Git provider.

A provider is a module with these four names, not a class. Headers come with lower-case names, secrets as those that
are valid for this provider, time as an argument.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from driftless.intake.push import Ignored, Ping, Push


class Provider(Protocol):
    @property
    def NAME(self) -> str:
        """The provider's word in secrets, answers and logs."""

    def claims(self, headers: Mapping[str, str]) -> bool:
        """Does this request say that it comes from this provider? Says nothing about its being true."""

    def verify(self, headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: float) -> None:
        """Raise Unauthorized unless one of `secrets` proves the request. `now`: seconds since the epoch."""

    def parse(self, headers: Mapping[str, str], body: bytes) -> Push | Ping | Ignored:
        """What a verified request means; Refused where the body is not what the provider sends."""
