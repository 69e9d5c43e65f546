"""One mint that many wait for, in threads and in event loops of any kind."""

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio

from .._policy.event_loop import running_loop, threadsafe, time_limit
from ..errors import TokenKitError
from .kept import Kept

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Flight"]

# If a flight is lost, no caller waits longer than this before looking again.
LONGEST_WAIT = 1.0


class Flight:
    """A mint under way. It ends with a token, with an error, or with neither.

    With neither, those who wait have to look again: the one that minted was cancelled, was
    interrupted, or has died.

    Attributes:
        settled: Whether it has ended.
        kept: The token.
        error: The error.
    """

    __slots__ = ("_lock", "_loops", "_process", "_thread", "error", "kept", "settled")

    def __init__(self) -> None:
        # Reentrant, because the garbage collector may settle a flight at any point of a thread.
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._thread: threading.Event | None = None
        self._loops: dict[object, tuple[anyio.Event, Callable[..., object]]] = {}
        self.settled: bool = False
        self.kept: Kept | None = None
        self.error: TokenKitError | None = None

    def settle(self, kept: Kept | None = None, error: TokenKitError | None = None) -> None:
        """End the flight, once."""
        with self._lock:
            if self.settled:
                return
            self.kept, self.error, self.settled = kept, error, True
            thread, loops = self._thread, list(self._loops.values())
        if thread is not None:
            thread.set()
        for event, call_soon in loops:
            # That loop may have ended.
            with suppress(RuntimeError):
                call_soon(event.set)

    def wait(self, seconds: float) -> None:
        """Wait for the end, for at most ``seconds``."""
        with self._lock:
            if self._is_over():
                return
            event = self._thread = self._thread or threading.Event()
        event.wait(min(seconds, LONGEST_WAIT))

    async def wait_async(self, seconds: float) -> None:
        """Wait for the end, for at most ``seconds``."""
        loop = running_loop()
        with self._lock:
            if self._is_over():
                return
            if loop not in self._loops:
                self._loops[loop] = (anyio.Event(), threadsafe(loop))
            event, _ = self._loops[loop]
        with suppress(TimeoutError):
            async with time_limit(min(seconds, LONGEST_WAIT)):
                await event.wait()

    def _is_over(self) -> bool:
        if self._process != os.getpid():
            # The mint is under way in the parent process, not in this one.
            self.settled = True
        return self.settled
