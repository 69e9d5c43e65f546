"""The protocol of a rate limit that several runs share."""

from collections.abc import Mapping
from typing import Any, Protocol

from .._model.call import Reply
from ..errors import APIError, RateLimitError, TokenKitError

__all__ = ["RateLimiter", "tell_limiter"]


class RateLimiter(Protocol):
    """A rate limit that many runs share, such as :class:`RedisRateLimiter`.

    A run obeys it in addition to the vendor's own responses. Async clients call its methods in a
    worker thread, so they may block.
    """

    def wait(self, now: float) -> float:
        """Return the seconds until this run's next request may go.

        With 0 it goes now, and counts as sent; with more the run waits and asks again.

        Args:
            now: The run's monotonic time.
        """
        ...

    def responded(self, headers: Mapping[str, str]) -> None:
        """Note the headers of a response other than a 429."""
        ...

    def refused(self, retry_after: float | None, now: float) -> None:
        """Note a 429, after which no run should send.

        Args:
            retry_after: The seconds that the vendor asks to wait, if it does.
            now: The run's monotonic time.
        """
        ...


def tell_limiter(limiter: RateLimiter, outcome: Reply[Any] | TokenKitError, now: float) -> None:
    """Tell a limiter what a request brought."""
    if isinstance(outcome, RateLimitError):
        limiter.refused(outcome.retry_after, now)
    elif isinstance(outcome, (APIError, Reply)):
        limiter.responded(outcome.headers)
