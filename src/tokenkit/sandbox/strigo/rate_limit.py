"""Strigo's rate-limit headers, which every response carries, and its response beyond the limit."""

import math
from collections.abc import Callable

import attrs

from ..exchange import Response

__all__ = ["SAMPLE_LIMIT", "WINDOW", "RateLimit", "too_many_requests"]

WINDOW = 60  # seconds
SAMPLE_LIMIT = 60  # requests a minute, the documentation's sample


@attrs.define
class RateLimit:
    """Count requests in fixed windows, for all clients together (modelled).

    The documented window is a minute; ``window`` scales it down. Without a limit the headers give
    the documented sample of 60 and a quota that never shrinks, so that a client that obeys them
    is not slowed down.
    """

    limit: int | None
    clock: Callable[[], float]
    window: int = WINDOW
    _opened: float = 0.0
    _used: int = 0

    def count(self) -> tuple[bool, dict[str, str]]:
        """Count a request; return whether it is allowed, and the headers of its response."""
        now = self.clock()
        if not self._opened <= now < self._opened + self.window:
            self._opened, self._used = now, 0
        self._used += 1
        limit = SAMPLE_LIMIT if self.limit is None else self.limit
        used = 1 if self.limit is None else self._used
        return used <= limit, {
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-remaining": str(max(0, limit - used)),
            # Rounded up, so that waiting until then reaches the next window.
            "x-ratelimit-reset": str(math.ceil(self._opened + self.window)),
        }

    def error_response(self) -> Response:
        """Return the response to a request beyond the limit."""
        return too_many_requests(self.window)


def too_many_requests(retry_after: int = WINDOW) -> Response:
    """Return the documented error response: plain text that calls itself HTML."""
    text = "Too many requests, please try again later."
    return Response(
        status=429,
        content=text.encode(),
        media_type="text/html",
        headers={"retry-after": str(retry_after)},
        reason=text,
    )
