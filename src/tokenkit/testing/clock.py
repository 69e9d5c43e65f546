"""A clock for clients that moves only when it is told to."""

import math
import threading
from datetime import datetime, timezone

__all__ = ["AsyncFrozenClock", "FrozenClock"]


class FrozenClock:
    """A clock that stands still, for the ``clock`` of a sync client.

    It moves by :meth:`advance`, and when the client waits before a retry: the wait returns at
    once, and :attr:`sleeps` records how long it would have been. Only such waits use up a call's
    deadline; each request may really take what is left of it. Thread-safe.

    Args:
        now: The time that it shows, with a time zone. Default: the machine's time.

    Raises:
        TypeError: ``now`` is not a datetime.
        ValueError: ``now`` has no time zone.
    """

    def __init__(self, now: datetime | None = None) -> None:
        start = datetime.now(timezone.utc) if now is None else now
        if not isinstance(start, datetime):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller checks types
            raise TypeError(f"FrozenClock: now must be a datetime, not {_type_of(now)}")
        if start.utcoffset() is None:
            raise ValueError("FrozenClock: now must have a time zone, such as tzinfo=timezone.utc")
        self._start = start.timestamp()
        self._elapsed = 0.0
        self._sleeps: tuple[float, ...] = ()
        self._lock = threading.Lock()

    @property
    def now(self) -> datetime:
        """The time that the clock shows, in UTC."""
        return datetime.fromtimestamp(self.time(), timezone.utc)

    @property
    def sleeps(self) -> tuple[float, ...]:
        """Every wait so far, in seconds, oldest first."""
        return self._sleeps

    def time(self) -> float:
        """Return the time of day, in seconds since 1970."""
        return self._start + self._elapsed

    def monotonic(self) -> float:
        """Return the seconds by which the clock has moved."""
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Move the clock forward.

        Args:
            seconds: How far.

        Raises:
            TypeError: ``seconds`` is not a number.
            ValueError: ``seconds`` is negative, infinite or NaN.
        """
        self._move(seconds)

    def sleep(self, seconds: float) -> None:
        """Move forward, record the wait in :attr:`sleeps`, and return at once.

        Raises:
            TypeError: ``seconds`` is not a number.
            ValueError: ``seconds`` is negative, infinite or NaN.
        """
        self._move(seconds, seconds)

    def as_async(self) -> "AsyncFrozenClock":
        """Return this clock for async clients; both show the same time."""
        return AsyncFrozenClock(self)

    def _move(self, seconds: float, *slept: float) -> None:
        if not isinstance(seconds, (int, float)):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller checks types
            raise TypeError(f"FrozenClock: seconds must be a number, not {_type_of(seconds)}")
        if not 0 <= seconds < math.inf:
            raise ValueError(
                f"FrozenClock: seconds must be finite and not negative, not {seconds}"
            )
        with self._lock:
            self._elapsed += seconds
            self._sleeps += slept

    def __repr__(self) -> str:
        return f"FrozenClock(now={self.now.isoformat()!r}, sleeps={self.sleeps})"


class AsyncFrozenClock:
    """A :class:`FrozenClock` as the ``clock`` of an async client.

    Args:
        clock: The clock that it reads, and moves when the client waits.

    Raises:
        TypeError: ``clock`` is not a :class:`FrozenClock`.
    """

    def __init__(self, clock: FrozenClock) -> None:
        if not isinstance(clock, FrozenClock):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller checks types
            kind = _type_of(clock)
            raise TypeError(f"AsyncFrozenClock: clock must be a FrozenClock, not {kind}")
        self._clock = clock

    def time(self) -> float:
        """Return the time of day, in seconds since 1970."""
        return self._clock.time()

    def monotonic(self) -> float:
        """Return the seconds by which the clock has moved."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Move forward and record the wait; other tasks run, and cancellation takes effect.

        Raises:
            TypeError: ``seconds`` is not a number.
            ValueError: ``seconds`` is negative, infinite or NaN.
        """
        from anyio.lowlevel import checkpoint  # noqa: PLC0415 - keeps the start of pytest fast

        self._clock.sleep(seconds)
        await checkpoint()


def _type_of(value: object) -> str:
    from .._model.json import type_of  # noqa: PLC0415 - keeps the start of pytest fast

    return type_of(value)
