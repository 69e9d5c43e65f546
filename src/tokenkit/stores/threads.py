"""Sync stores for async clients, in their own worker threads."""

from collections.abc import Callable
from typing import TypeVar

import anyio
from anyio.lowlevel import RunVar
from anyio.to_thread import run_sync

__all__ = ["in_thread"]

A = TypeVar("A")
R = TypeVar("R")

# Not the program's own worker threads: a web framework may have all of them busy.
MAX_THREADS = 32

_LIMITER: RunVar[anyio.CapacityLimiter] = RunVar("tokenkit_store_threads")


async def in_thread(ask: Callable[[A], R], argument: A) -> R:
    """Call a function in a worker thread; a cancelled caller doesn't wait for it."""
    try:
        limiter = _LIMITER.get()
    except LookupError:
        limiter = anyio.CapacityLimiter(MAX_THREADS)
        _LIMITER.set(limiter)
    return await run_sync(ask, argument, abandon_on_cancel=True, limiter=limiter)
