"""Time as the clients see it: a clock that a test can replace."""

import time
from typing import Protocol

import attrs

__all__ = ["AsyncClock", "AsyncSystemClock", "Clock", "Moment", "SystemClock", "TimeSource"]


class TimeSource(Protocol):
    """Tells the time."""

    def time(self) -> float:
        """Return the time of day, in seconds since 1970."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only ever go forward."""
        ...


class Clock(TimeSource, Protocol):
    """The clock of a sync client."""

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class AsyncClock(TimeSource, Protocol):
    """The clock of an async client."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


@attrs.frozen
class Moment:
    """A moment of a call, with the randomness that its decisions may use.

    Attributes:
        wall: Seconds since 1970.
        monotonic: Seconds that only ever go forward.
        chance: A random number from 0 to below 1.
    """

    wall: float
    monotonic: float
    chance: float


class _SystemTime:
    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


class SystemClock(_SystemTime):
    """The machine's clock, for sync clients."""

    def sleep(self, seconds: float) -> None:
        """Wait, blocking the thread."""
        time.sleep(seconds)


class AsyncSystemClock(_SystemTime):
    """The machine's clock, for async clients on asyncio or trio."""

    async def sleep(self, seconds: float) -> None:
        """Wait, letting other tasks run."""
        import anyio  # noqa: PLC0415 - sync users need not load it

        await anyio.sleep(seconds)
