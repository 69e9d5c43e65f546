"""How fast a run may go, according to the vendor's responses; arithmetic only.

All times are monotonic seconds of the client's clock, unless they are called ``wall``.
"""

import math
from collections.abc import Mapping

import attrs

from .._policy.profile import Rate
from .window import Ends, Window, read_window

__all__ = ["Pace", "Ticket"]

FIRST_WAIT = 10.0
LONGEST_WAIT = 60.0


@attrs.frozen
class Ticket:
    """A request in flight.

    Attributes:
        epoch: How many times a 429 had paused the run before it was sent.
        asks: Whether others wait for its response to open the window.
        after_reset: Whether it goes because a window has ended.
    """

    epoch: int
    asks: bool
    after_reset: bool = False


class Pace:
    """Decides when the next request may go.

    It uses the vendor's own count, minus the requests in flight and what ``share`` leaves to
    others. At the start, after a reset and after a 429, one request goes first, and its
    response opens the window for the others. If responses have no count, the documented rate
    applies.

    Args:
        share: The part of the vendor's limit to use, above 0 and at most 1.
        rate: The documented rate, for a vendor whose responses have none.
        refused_wait: Seconds to wait after a 429 without ``Retry-After``, if that is documented.
    """

    def __init__(
        self, *, share: float, rate: Rate | None = None, refused_wait: float | None = None
    ) -> None:
        self._share = share
        self._refused_wait = refused_wait
        self._interval = rate.per / (rate.requests * share) if rate else 0.0
        # How many requests may catch up with the rate: fewer than the share leaves unused.
        unused = rate.requests * (1 - share) - 1 if rate else 0.0
        self._slots_ahead = min(10.0, max(0.0, unused))
        self._next_at = -math.inf
        self._window: Window | None = None
        self._ends = Ends()
        self._under_way = 0
        self._paused_until = -math.inf
        self._pauses_in_a_row = 0
        # The first request, and the first after a 429, asks how things stand.
        self._must_ask = True
        self._asked = False
        self._epoch = 0

    def delay(self, now: float) -> float:
        """Return the seconds until the next request may go; infinite if a response must come."""
        if now < self._paused_until:
            return self._paused_until - now
        if self._asks(now):
            return math.inf if self._asked else 0.0
        if self._window is None:
            return max(0.0, self._next_at - now)
        reserve = min(self._window.limit * (1 - self._share), self._window.limit - 1)
        left = self._window.remaining - reserve
        # Half of what is left at a time: others may take as much before the responses tell it.
        if left - self._under_way >= 1 and self._under_way < max(1, left // 2):
            return 0.0
        return math.inf if self._under_way else self._window.ends_at - now

    def sent(self, now: float) -> Ticket:
        """Note that a request goes; return its ticket."""
        asks = self._asks(now)
        after_reset = self._has_ended(now) and not self._must_ask
        self._asked = self._asked or asks
        self._under_way += 1
        earliest = now - self._slots_ahead * self._interval
        self._next_at = max(self._next_at, earliest) + self._interval
        return Ticket(self._epoch, asks, after_reset)

    def responded(
        self, ticket: Ticket, headers: Mapping[str, str], now: float, wall: float
    ) -> None:
        """Note a response other than a 429.

        Args:
            ticket: What :meth:`sent` returned.
            headers: The response's headers.
            now: The time.
            wall: The time, in seconds since 1970.
        """
        self._settle(ticket)
        if ticket.epoch == self._epoch:
            self._must_ask = False
            self._pauses_in_a_row = 0
        found = read_window(headers, wall)
        window = self._window
        if found is None:
            self._count_down()
        elif window is None or found.told > window.told or now >= window.ends_at:
            if window is not None and ticket.after_reset:
                self._ends.tried(window, has_ended=found.told > window.told)
            self._ends.settle(found, now)
            self._window = found
        elif found.told == window.told:
            window.remaining = min(window.remaining, found.remaining)

    def failed(self, ticket: Ticket, *, sent: bool) -> None:
        """Note a request without a response; if it was sent, the vendor may have counted it."""
        self._settle(ticket)
        if sent:
            self._count_down()

    def refused(self, ticket: Ticket, retry_after: float | None, now: float) -> None:
        """Note a 429: nothing goes until the vendor's time is over."""
        self._settle(ticket)
        if ticket.epoch == self._epoch:  # the first 429 of those in flight
            self._epoch += 1
            self._pauses_in_a_row += 1
            if self._window is not None and ticket.after_reset:
                self._ends.tried(self._window, has_ended=False)
            self._must_ask, self._asked = True, False
        wait = retry_after if retry_after is not None else self._wait_unasked(now)
        self._paused_until = max(self._paused_until, now + wait)

    def _asks(self, now: float) -> bool:
        return self._must_ask or self._has_ended(now)

    def _has_ended(self, now: float) -> bool:
        return self._window is not None and now >= self._window.ends_at

    def _settle(self, ticket: Ticket) -> None:
        self._under_way -= 1
        if ticket.asks and ticket.epoch == self._epoch:
            self._asked = False

    def _count_down(self) -> None:
        if self._window is not None:
            self._window.remaining -= 1

    def _wait_unasked(self, now: float) -> float:
        if self._refused_wait is not None:
            return self._refused_wait
        if self._window is not None and now < self._window.ends_at:
            return self._window.ends_at - now
        return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (self._pauses_in_a_row - 1))
