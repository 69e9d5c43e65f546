"""What a process keeps, and the decision about each request for a token, under one lock."""

import copy
import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import TypeAlias

import attrs

from .._policy.clock import Moment
from ..errors import RateLimitError, TokenKitError
from .circuit import Circuit
from .flight import Flight
from .kept import Kept
from .settings import CacheSettings

__all__ = ["Counts", "Follow", "Lead", "Place", "Serve", "TokenTable"]

Place: TypeAlias = Hashable
"""Where a call's token is kept in the process."""

MAX_ENDED = 10_000
MAX_RATE_LIMITED = 1_000
RENEWAL_PAUSE = 5.0


@attrs.define
class Counts:
    """The counters of :class:`Statistics`."""

    hits: int = 0
    store_hits: int = 0
    misses: int = 0
    mints: int = 0
    renewals: int = 0
    waits: int = 0
    store_failures: int = 0


@attrs.frozen(eq=False, repr=False)
class Serve:
    """Hand out a kept token."""

    kept: Kept


@attrs.frozen(eq=False, repr=False)
class Follow:
    """Wait for a mint under way."""

    flight: Flight


@attrs.frozen(eq=False, repr=False)
class Lead:
    """Mint, because there is no token or to renew ``stale``, which is still good."""

    flight: Flight
    stale: Kept | None


class TokenTable:
    """The tokens of one process, the mints under way, and the rate limits that still hold.

    Attributes:
        kept: The tokens, the least recently used first; never replaced by another mapping.
        counts: What has happened; never replaced either.
        serves_revocable: Whether a token that can be revoked was ever asked for.
    """

    def __init__(self, settings: CacheSettings) -> None:
        self.settings = settings
        self.counts: Counts = Counts()
        self.serves_revocable: bool = False
        self.kept: OrderedDict[Place, Kept] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self.reset_for_fork()

    def reset_for_fork(self) -> None:
        """Keep what a forked process may inherit: tokens, but no lock and nothing under way.

        The thread that held the lock, or led a flight, does not exist in the child.
        """
        # Reentrant, because the garbage collector may settle a flight at any point of a thread.
        self._lock = threading.RLock()
        self.circuit: Circuit = Circuit()
        self.flights: dict[Place, Flight] = {}
        self._rate_limited: dict[bytes, tuple[float, RateLimitError]] = {}
        self._places: dict[str, set[Place]] = {}
        for place, kept in self.kept.items():
            self._places.setdefault(kept.mark, set()).add(place)

    def decide(
        self, place: Place, at: Moment, valid_for: float | None, own: Flight
    ) -> Serve | Follow | Lead:
        """Decide what the caller has to do.

        Args:
            place: Where the token is kept.
            at: The time.
            valid_for: The seconds that must be left of it.
            own: The caller's flight, if it has to mint. The caller must settle it in any case,
                even if it is interrupted before it sees the decision.
        """
        with self._lock:
            kept = self.kept.get(place)
            if kept is not None and not kept.serves(at.wall, at.monotonic, valid_for):
                kept = None
            flight = self.flights.get(place)
            if flight is not None and flight.settled:
                flight = None
            if kept is not None and (
                flight is not None or at.wall < kept.renews_at or at.monotonic < kept.retry_at
            ):
                self.kept.move_to_end(place)
                return Serve(kept)
            if flight is not None:
                return Follow(flight)
            self.flights[place] = own
            return Lead(own, kept)

    def settle(
        self,
        place: Place,
        flight: Flight,
        kept: Kept | None = None,
        error: TokenKitError | None = None,
        *,
        keeps: bool = True,
    ) -> None:
        """End a flight; keep its token unless that was invalidated or revoked meanwhile."""
        with self._lock:
            if self.flights.get(place) is flight:
                del self.flights[place]
                if kept is not None and keeps and kept.mark not in self._ended:
                    self._insert(place, kept)
        flight.settle(kept, error)

    def _insert(self, place: Place, kept: Kept) -> None:
        self._remove(place)
        self.kept[place] = kept
        self._places.setdefault(kept.mark, set()).add(place)
        while len(self.kept) > self.settings.max_tokens:
            self._remove(next(iter(self.kept)))

    def _remove(self, place: Place) -> None:
        kept = self.kept.pop(place, None)
        if kept is not None:
            places = self._places[kept.mark]
            places.discard(place)
            if not places:
                del self._places[kept.mark]

    def put_off_renewal(self, kept: Kept, now: float) -> None:
        """After a failed renewal, don't try again for a while."""
        kept.retry_at = now + RENEWAL_PAUSE

    def drop(self, place: Place) -> None:
        """Forget a place's token, and don't keep the one being minted for it."""
        with self._lock:
            self._remove(place)
            flight = self.flights.pop(place, None)
        if flight is not None:
            flight.settle()

    def drop_kept(self, place: Place, kept: Kept) -> None:
        """Forget a place's token, if it is still this one."""
        with self._lock:
            if self.kept.get(place) is kept:
                self._remove(place)

    def end(self, mark: str) -> None:
        """Forget an ended token everywhere, and don't keep it if a mint returns it."""
        with self._lock:
            self._ended[mark] = None
            self._ended.move_to_end(mark)
            while len(self._ended) > MAX_ENDED:
                self._ended.popitem(last=False)
            for place in list(self._places.get(mark, ())):
                self._remove(place)

    def has_ended(self, kept: Kept) -> bool:
        """Return whether a token was ended by this process."""
        return kept.mark in self._ended

    def refuse(self, caller: bytes, error: RateLimitError, now: float, seconds: float) -> None:
        """Remember that the vendor refuses a caller for some seconds."""
        with self._lock:
            if len(self._rate_limited) >= MAX_RATE_LIMITED:
                self._rate_limited = {
                    who: held for who, held in self._rate_limited.items() if held[0] > now
                }
            self._rate_limited[caller] = (now + seconds, error)

    def rate_limit_error(self, caller: bytes, now: float) -> RateLimitError | None:
        """Return the error of a caller that the vendor still refuses."""
        until, error = self._rate_limited.get(caller, (0.0, None))
        if error is None or until <= now:
            return None
        again = copy.copy(error)
        again.retry_after = until - now
        # This call was never sent.
        again.attempts, again.outcome = 0, "not performed"
        return again
