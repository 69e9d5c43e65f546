"""A vendor's rate window: what responses say about it, and when it really ends."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import attrs

__all__ = ["Ends", "Window", "read_window"]

# A larger difference than responses take means that one of the two clocks is wrong.
CLOCK_TOLERANCE = 2.0
LONGEST_WINDOW = 86_400.0
LARGEST_LIMIT = 1e9
# A vendor tells the reset in whole seconds: if it rounds down, the window ends up to a second
# later. Where a second matters, in a short window, one request finds out.
SLACK, SHORT_SLACK = 1.0, 0.1
SHORT_WINDOW = 5.0


@attrs.define
class Window:
    """A vendor's rate window, as its responses describe it.

    Attributes:
        limit: The requests allowed in it.
        remaining: The fewest that a response said are left: responses overtake each other.
        told: Its end as the vendor gives it, in seconds since 1970 by the vendor's clock.
        left: The seconds until then, when the response came.
        ends_at: When the next window is tried, by our monotonic clock.
        finds_out: Whether that is so early that the response tells how the vendor rounds.
    """

    limit: int
    remaining: int
    told: int
    left: float
    ends_at: float = 0.0
    finds_out: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the response is the first one of the window."""
        return self.remaining >= self.limit - 1


class Ends:
    """When windows end, as far as responses have shown how the vendor rounds."""

    def __init__(self) -> None:
        self._may_round_up = True
        self._rounds_up = False
        # The length of a window, in whole seconds: at least this.
        self._length = 0.0

    def settle(self, window: Window, now: float) -> None:
        """Settle when a new window ends.

        Args:
            window: The window.
            now: When its first response came, by our monotonic clock.
        """
        window.finds_out = (
            self._may_round_up and window.is_whole and 0 < window.left <= SHORT_WINDOW
        )
        if not window.finds_out:
            window.ends_at = now + max(0.0, window.left) + SLACK
            return
        # Rounded up, the end of a window that opened just now is less than a second late.
        self._length = max(self._length, window.left // 1)
        left = min(window.left, self._length) if self._rounds_up else window.left
        window.ends_at = now + left + SHORT_SLACK

    def tried(self, window: Window, *, has_ended: bool) -> None:
        """Learn from the first request after a window's end whether that was too early."""
        if window.finds_out:
            self._may_round_up = self._rounds_up = has_ended


def read_window(headers: Mapping[str, str], wall: float) -> Window | None:
    """Read a response's rate-limit headers; ``None`` if there are none, or they can't be right.

    Args:
        headers: The response's headers.
        wall: The time, in seconds since 1970.
    """
    try:
        limit = int(headers["x-ratelimit-limit"])
        remaining = int(headers["x-ratelimit-remaining"])
        told = int(headers["x-ratelimit-reset"])
    except (KeyError, ValueError):
        return None
    left = told - _vendor_time(headers, wall)
    plausible = 0 < limit < LARGEST_LIMIT and -LONGEST_WINDOW < left < LONGEST_WINDOW
    if not plausible or remaining < 0:
        return None
    return Window(limit, min(remaining, limit), told, left)


def _vendor_time(headers: Mapping[str, str], wall: float) -> float:
    """Return the vendor's time, which counts for its reset if one of the clocks is wrong."""
    try:
        date = float(parsedate_to_datetime(headers.get("date", "")).timestamp())
    except (TypeError, ValueError, OverflowError, IndexError):
        return wall
    return wall if abs(date - wall) <= CLOCK_TOLERANCE else date
