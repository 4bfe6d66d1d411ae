"""Runs ministack in its own virtual environment, with a long poll that wakes the moment a message is sent.

ministack (pinned in requirements/ministack.lock) looks at a queue every 100 ms while a receiver waits, which would be
most of the time between a push and its sync. Here the wait ends when something is sent to any queue; what becomes
visible by time alone is still seen within those 100 ms. This file runs outside our own environment: it imports
nothing of ours, and fails at start if ministack has moved what it relies on.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from ministack.app import main  # type: ignore[import-not-found]
from ministack.services import sqs  # type: ignore[import-not-found]

WAKING = ("SendMessage", "SendMessageBatch", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch")
_waiting: set[asyncio.Future[None]] = set()


async def _sleep_until_sent(seconds: float) -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    _waiting.add(future)
    try:
        await asyncio.wait([future], timeout=seconds)
    finally:
        _waiting.discard(future)


def _finish(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _waking(action: Callable[..., Any]) -> Callable[..., Any]:
    def then_wake(*arguments: Any) -> Any:
        result = action(*arguments)
        for future in list(_waiting):
            future.get_loop().call_soon_threadsafe(_finish, future)
        return result

    return then_wake


class _Asyncio:
    """Stands for the `asyncio` module inside ministack's SQS service; only its sleep differs."""

    sleep = staticmethod(_sleep_until_sent)
    iscoroutine = staticmethod(asyncio.iscoroutine)


if __name__ == "__main__":
    for name in WAKING:
        sqs._HANDLERS[name] = _waking(sqs._HANDLERS[name])
    assert sqs.asyncio is asyncio
    sqs.asyncio = _Asyncio
    main()
