"""The clients' clock, which a test can replace, and the vendor's offset from it."""

import inspect
import random
import time
from collections.abc import Mapping
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import NamedTuple, Protocol, TypeVar

from .._model.json import type_of
from ..errors import ConfigurationError

__all__ = [
    "AsyncClock",
    "AsyncSystemClock",
    "Clock",
    "ClockOffset",
    "Moment",
    "SystemClock",
    "TimeSource",
    "check_clock",
    "moment_of",
    "monotonic_of",
    "seconds_ahead",
]

K = TypeVar("K", bound="TimeSource")

A_DAY = 86_400.0
FIRST_RELEASE = 1_793_491_200.0  # 2026-11-01, before this release: no honest clock is earlier
TOLERANCE = 30.0
# In seconds: in the year 9987, so that a day more can still be written as a date.
LATEST = 253_000_000_000.0


class TimeSource(Protocol):
    """Returns the time."""

    def time(self) -> float:
        """Return the time of day, in seconds since 1970."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""
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


def check_clock(clock: K, *, may_be_async: bool) -> K:
    """Check a caller's clock.

    Raises:
        ConfigurationError: It is a class, lacks a method, or is a sync clock for an async client
            or vice versa.
    """
    if isinstance(clock, type):
        raise ConfigurationError(f"clock must be a clock, not {type_of(clock)}")
    names = ("time", "monotonic", "sleep")
    missing = [f"{name}()" for name in names if not callable(getattr(clock, name, None))]
    if missing:
        lacks = "none of them" if len(missing) == len(names) else f"no {' or '.join(missing)}"
        raise ConfigurationError(
            f"clock must have time(), monotonic() and sleep(); {type_of(clock)} has {lacks}"
        )
    sleep: object = getattr(clock, "sleep")  # noqa: B009 - TimeSource does not have it
    if inspect.iscoroutinefunction(sleep) and not may_be_async:
        raise ConfigurationError("clock: sleep() is async, which only the async clients can await")
    if may_be_async and inspect.isroutine(sleep) and not inspect.iscoroutinefunction(sleep):
        raise ConfigurationError("clock: sleep() must be async, because an async client awaits it")
    return clock


class Moment(NamedTuple):
    """A moment of a call, with a random number for its decisions.

    Attributes:
        wall: Seconds since 1970.
        monotonic: Seconds that never go backwards.
        chance: A random number from 0 to below 1.
    """

    wall: float
    monotonic: float
    chance: float


def monotonic_of(clock: TimeSource) -> float:
    """Return a clock's monotonic seconds.

    Raises:
        ConfigurationError: It returned something else.
    """
    if type(clock) in SYSTEM_CLOCKS:
        return time.monotonic()
    seconds = clock.monotonic()
    if not _is_number(seconds, -LATEST):
        raise _useless(clock, "monotonic", "a number of seconds", seconds)
    return seconds


def moment_of(clock: TimeSource) -> Moment:
    """Return a clock's time, with a random number for the decisions that are made then.

    Raises:
        ConfigurationError: It does not tell the time.
    """
    chance = random.random()  # noqa: S311 - jitter spreads load, it protects nothing
    if type(clock) in SYSTEM_CLOCKS:  # several times in each call
        return Moment(time.time(), time.monotonic(), chance)
    wall = clock.time()
    if not _is_number(wall, 0):
        raise _useless(clock, "time", "seconds since 1970", wall)
    return Moment(wall, monotonic_of(clock), chance)


def _is_number(value: object, least: float) -> bool:
    return isinstance(value, (int, float)) and least <= value < LATEST


def _useless(clock: TimeSource, method: str, wanted: str, returned: object) -> ConfigurationError:
    number = isinstance(returned, (int, float))
    found = "a number out of range" if number else type_of(returned)
    return ConfigurationError(
        f"clock: {type(clock).__name__}.{method}() must return {wanted}, not {found}"
    )


class ClockOffset:
    """How far a vendor's clock is ahead of this machine's, as its error responses show.

    Shared by the clients that talk to one origin.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    def adopt(self, headers: Mapping[str, str], now: float, used: float) -> bool:
        """Adopt the time of an error response if it shows that the timestamp sent was wrong.

        Args:
            headers: The response's headers.
            now: This machine's time halfway between sending and receiving, uncorrected.
            used: The offset that the request was signed with.
        """
        ahead = seconds_ahead(headers, now)
        if ahead is not None and abs(ahead) > A_DAY:  # not a plausible date
            ahead = None
        if ahead is None or abs(ahead - used) <= TOLERANCE:
            return False
        self.seconds = ahead if abs(ahead) > TOLERANCE else 0.0
        return True


def seconds_ahead(headers: Mapping[str, str], now: float) -> float | None:
    """Return how far a ``Date`` is ahead; ``None`` for an implausible one."""
    if "age" in headers:  # a cached response is old
        return None
    try:
        date = parsedate_to_datetime(headers.get("date", ""))
        stamp = date.replace(tzinfo=date.tzinfo or timezone.utc).timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    ahead = stamp - now
    return ahead if stamp >= FIRST_RELEASE else None


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


SYSTEM_CLOCKS: tuple[type, ...] = (SystemClock, AsyncSystemClock)
