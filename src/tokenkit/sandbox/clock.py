"""The sandbox's clock: wall time, plus the skew of the run and of the request."""

import contextlib
import math
import threading
from collections.abc import Callable, Generator
from contextvars import ContextVar
from datetime import datetime, timedelta, timezone

__all__ = ["EPOCH", "Clock", "iso_8601", "milliseconds", "utc"]

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

_ahead_in_request: ContextVar[float] = ContextVar("ahead_in_request", default=0.0)


class Clock:
    """Tell the time in seconds since the epoch. Safe to use from any thread.

    Args:
        wall: Returns the time that the clock starts from.
        ahead: How many seconds the clock is ahead of it; behind, if negative.
    """

    def __init__(self, wall: Callable[[], float], ahead: float = 0.0) -> None:
        self.ahead = ahead
        self._wall = wall
        self._advanced = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        """Return the time for the current request."""
        return self.steady() + _ahead_in_request.get()

    def steady(self) -> float:
        """Return the time of the run, without the current request's skew."""
        return self._wall() + self.ahead + self._advanced

    def advance(self, seconds: float) -> None:
        """Advance the time of the run.

        Raises:
            ValueError: ``seconds`` is negative, infinite or NaN.
        """
        if not 0 <= seconds < math.inf:
            raise ValueError(f"seconds must be finite and not negative, not {seconds}")
        with self._lock:
            self._advanced += seconds

    def rewind(self) -> None:
        """Undo every advance."""
        with self._lock:
            self._advanced = 0.0

    @contextlib.contextmanager
    def ahead_by(self, seconds: float) -> Generator[None]:
        """Skew the clock for the current request, which has its own task."""
        token = _ahead_in_request.set(seconds)
        try:
            yield
        finally:
            _ahead_in_request.reset(token)


def utc(seconds: float) -> datetime:
    """Return a time in seconds since the epoch as a datetime."""
    return EPOCH + timedelta(seconds=seconds)


def iso_8601(moment: datetime) -> str:
    """Write a time in UTC as zerohash does, with milliseconds and ``Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def milliseconds(moment: datetime) -> int:
    """Return a time as whole milliseconds since the epoch."""
    return (moment - EPOCH) // timedelta(milliseconds=1)
