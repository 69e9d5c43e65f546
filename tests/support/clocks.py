"""The tests' clock: tokenkit.testing's own, at a time that the tests know."""

from __future__ import annotations

from datetime import datetime, timezone

from tokenkit.testing import AsyncFrozenClock, FrozenClock

START = 1_714_445_704.0
"""Seconds since 1970; the time of the signatures that zerohash's contract computes."""


def frozen_clock(now: float = START) -> FrozenClock:
    """Return a clock that stands at a time in seconds since 1970 and moves only by sleeping."""
    return FrozenClock(datetime.fromtimestamp(now, timezone.utc))


def async_frozen_clock(now: float = START) -> AsyncFrozenClock:
    """Return the same for async clients."""
    return frozen_clock(now).as_async()
