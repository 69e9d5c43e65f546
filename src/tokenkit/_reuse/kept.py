"""A kept token, and the arithmetic of its life."""

import math
from hashlib import sha256

import attrs

from .._model.token import IssuedToken

__all__ = ["Kept", "keep", "mark_of"]

HEX_DIGITS = 32
# A page needs time to use its token: at least so many seconds, and a part of the token's life.
LEAST_LEFT = 60.0
LEAST_PART = 0.1
MOST_PART = 0.5


def mark_of(token: str) -> str:
    """Name a token by its digest, which doesn't reveal it."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()[:HEX_DIGITS]


@attrs.define(eq=False, repr=False)
class Kept:
    """A token, and the moments that decide about it.

    Each is given by the time of day and by the monotonic clock, and whichever comes first counts:
    a clock that is set back must not revive a token, nor a machine that was suspended.

    Attributes:
        token: The token.
        mark: Its name in the store.
        lifetime: Seconds from minting to its end.
        ends: Its end, by the time of day.
        ends_monotonic: The same, by the monotonic clock.
        renews_at: When it is to be renewed, although it is still good.
        least_left: The seconds that must be left if the caller doesn't say.
        quiet_until: When it stops being handed out without a decision.
        quiet_until_monotonic: The same by the monotonic clock, but no later than ``asks_at``.
        revocable: Whether it can be ended before its time.
        asks_at: When the store must be asked whether it lives, by the monotonic clock; set by
            :meth:`ask_from`.
        retry_at: When the next renewal may be tried, by the monotonic clock.
        fresh: Whether it was minted just now, and not found in the store.
    """

    token: IssuedToken
    mark: str
    lifetime: float
    ends: float
    ends_monotonic: float
    renews_at: float
    least_left: float
    quiet_until: float
    quiet_until_monotonic: float
    revocable: bool
    asks_at: float = math.inf
    retry_at: float = 0.0
    fresh: bool = True

    def ask_from(self, monotonic: float) -> None:
        """Set when the store must be asked again whether it lives, by the monotonic clock."""
        self.asks_at = monotonic
        quiet = self.ends_monotonic - (self.ends - self.quiet_until)
        self.quiet_until_monotonic = min(quiet, monotonic)

    def left(self, wall: float, monotonic: float) -> float:
        """Return the seconds until it ends."""
        return min(self.ends - wall, self.ends_monotonic - monotonic)

    def serves(self, wall: float, monotonic: float, valid_for: float | None) -> bool:
        """Return whether it lives long enough for a caller."""
        least = self.least_left if valid_for is None else valid_for
        left = self.left(wall, monotonic)
        return left > 0 and left > least


def keep(  # noqa: PLR0913 - each is a separate fact about the token
    token: IssuedToken,
    *,
    key: str,
    wall: float,
    monotonic: float,
    left: float,
    lifetime: float,
    renew_ahead: float,
    revocable: bool,
    fresh: bool = True,
) -> Kept:
    """Work out until when a token is handed out, and when it is renewed.

    Args:
        token: The token.
        key: The key of its call.
        wall: The time of day.
        monotonic: The same moment by the monotonic clock.
        left: The seconds until it ends.
        lifetime: The seconds from its minting to its end.
        renew_ahead: The part of its life before its end at which it is renewed; 0 for never.
        revocable: Whether it can be ended before its time.
        fresh: Whether it was minted just now.
    """
    least = min(max(LEAST_LEFT, lifetime * LEAST_PART), lifetime * MOST_PART)
    # Tokens minted in one night must not all be renewed in one minute, so the renewal time varies
    # by up to a quarter, depending on the key.
    spread = 0.75 + int(key[:4], 16) / 0xFFFF / 2
    ahead = max(least, lifetime * renew_ahead * spread) if renew_ahead else 0.0
    quiet = left - max(ahead, least)
    return Kept(
        token=token,
        mark=mark_of(token.token),
        lifetime=lifetime,
        ends=wall + left,
        ends_monotonic=monotonic + left,
        renews_at=wall + left - ahead,
        least_left=least,
        quiet_until=wall + quiet,
        quiet_until_monotonic=monotonic + quiet,
        revocable=revocable,
        fresh=fresh,
    )
