"""zerohash's rate limit: a number of requests in a rolling window, then a block as long.

2,000 requests in 10 seconds from one address, then a block of 10 seconds, are documented. The
response is not: status 429 with an ``error`` text and no ``Retry-After`` is modelled.
"""

from collections import deque
from collections.abc import Callable

import attrs

from ..exchange import Response
from ..json_text import encode

__all__ = ["DOCUMENTED_LIMIT", "WINDOW", "RateLimit", "too_many_requests"]

WINDOW = 10  # seconds
DOCUMENTED_LIMIT = 2000


@attrs.define
class RateLimit:
    """Count the requests of each source address."""

    limit: int | None
    window: float
    clock: Callable[[], float]
    _requests: dict[str, deque[float]] = attrs.field(factory=dict[str, "deque[float]"])
    _blocked_until: dict[str, float] = attrs.field(factory=dict[str, float])

    def allows(self, source: str) -> bool:
        """Count a request, and return whether it is allowed."""
        if self.limit is None:
            return True
        now = self.clock()
        if now < self._blocked_until.get(source, now):
            return False
        recent = self._requests.setdefault(source, deque())
        while recent and recent[0] <= now - self.window:
            recent.popleft()
        if len(recent) >= self.limit:
            self._blocked_until[source] = now + self.window
            return False
        recent.append(now)
        return True


def too_many_requests() -> Response:
    """Return the error response; modelled."""
    text = "Too Many Requests"
    return Response(status=429, content=encode({"error": text}), reason=text)
