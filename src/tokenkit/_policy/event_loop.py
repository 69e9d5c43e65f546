"""The running event loop, of asyncio or trio, and time limits in it."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any

import anyio

__all__ = ["running_loop", "threadsafe", "time_limit"]


def running_loop() -> Any:
    """Return the running event loop, or trio's token for it."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        trio: Any = sys.modules["trio"]
        return trio.lowlevel.current_trio_token()


def threadsafe(loop: Any) -> Callable[..., object]:
    """Return the function that calls another in an event loop, from any thread.

    It raises a ``RuntimeError`` once the loop has ended.
    """
    call_soon: Callable[..., object] = (
        loop.call_soon_threadsafe if hasattr(loop, "call_soon_threadsafe") else loop.run_sync_soon
    )
    return call_soon


def time_limit(seconds: float) -> AbstractAsyncContextManager[object]:
    """Limit the time of a block, which raises ``TimeoutError`` once it has passed.

    In a block of anyio's, anyio keeps the task, and so an asyncio loop that is closed by hand
    meanwhile. asyncio has such blocks since Python 3.11.
    """
    if sys.version_info >= (3, 11) and isinstance(running_loop(), asyncio.AbstractEventLoop):
        return asyncio.timeout(seconds)
    return _TimeLimit(seconds)


class _TimeLimit(AbstractAsyncContextManager[None]):
    def __init__(self, seconds: float) -> None:
        self._scope = anyio.fail_after(seconds)

    async def __aenter__(self) -> None:
        self._scope.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return self._scope.__exit__(kind, error, traceback)
