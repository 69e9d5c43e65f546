"""Minting for reuse: performs the call, and works out its token's life."""

from typing import Any, Literal, NamedTuple

import attrs

from .._model.call import Reply
from .._model.json import type_of
from .._model.messages import Headers
from .._model.token import IssuedToken
from .._observability.records import TokenMinted
from .._pipeline.effects import Steps
from .._pipeline.prepare import Plan
from .._pipeline.run import perform
from .._policy.clock import Moment, seconds_ahead
from ..errors import ConfigurationError, RateLimitError
from .conversation import Conversation
from .kept import Kept, keep
from .query import Query

__all__ = ["Minted", "Minting"]

# The part of the lock's time that a mint may take; the rest is for storing the token.
MINTING_PART = 0.9
TOO_MANY_REQUESTS = 429


class Minted(NamedTuple):
    """A minted token, and the reply that it came with."""

    kept: Kept
    reply: Reply[Any]


class Minting(Conversation):
    """A mint for all callers that want the token.

    Args:
        query: The request for the token.
        at: The moment of the start.
        stale: The token that is to be renewed.
    """

    reason: Literal["missing", "renewed", "store failed"]

    def __init__(self, query: Query, at: Moment, stale: Kept | None) -> None:
        super().__init__(query, at)
        self.stale = stale
        self.key = query.key(at.wall)
        self.reason = "missing" if stale is None else "renewed"

    def mint(self) -> Steps[Minted]:
        """Perform the call, unless the caller is known to be rate limited."""
        known = self.table.rate_limit_error(self.query.caller, self.at.monotonic)
        if known is not None:
            raise known
        start = self.at
        try:
            reply: Reply[Any] = yield from perform(
                self.query.call, self._plan(), self.query.request_id, start
            )
        except RateLimitError as error:
            yield from self.look_at_clock()
            self.table.refuse(self.query.caller, error, self.at.monotonic, self.refused_for(error))
            raise
        yield from self.look_at_clock()
        self.table.counts.mints += 1
        self.table.counts.renewals += self.stale is not None
        query = self.query
        record = TokenMinted(vendor=query.vendor, operation=query.operation, reason=self.reason)
        yield from self.tell(record)
        lifetime = self._lifetime(reply, start)
        return Minted(self.kept(reply.value, lifetime, lifetime, start, fresh=True), reply)

    def _plan(self) -> Plan:
        left = self.query.until - self.at.monotonic
        if self.stale is not None or self.settings.store is not None:
            left = min(left, self.settings.lock_timeout * MINTING_PART)
        plan = self.query.plan
        settings = attrs.evolve(plan.settings, deadline=left)
        return attrs.evolve(plan, settings=settings, watched=self.query.watched)

    def refused_for(self, error: RateLimitError) -> float:
        """Return how many seconds to wait, as the vendor says or documents."""
        retries = self.query.plan.profile.retries
        asked = retries.wait(TOO_MANY_REQUESTS, Headers(error.headers), self.at.wall)
        return error.retry_after or asked or 0.0

    def _lifetime(self, reply: Reply[Any], start: Moment) -> float:
        """Return the seconds from the start of a mint to its token's end; 0 if unknown."""
        token: object = reply.value
        if not isinstance(token, IssuedToken):
            name, found = type(self.query.call).__name__, type_of(token)
            raise ConfigurationError(
                f"{name} has reusable = True, but its decode() returns {found}, not an IssuedToken"
            )
        if self.query.lifetime is not None:
            return self.query.lifetime
        left = self._left_by_vendor(token, start)
        if left is None:
            return 0.0
        # If our clock is behind and was never corrected, a life looks longer than it is.
        ahead = seconds_ahead(reply.headers, self.at.wall)
        return left if ahead is None else min(left, left + self._offset - ahead)

    @property
    def _offset(self) -> float:
        return 0.0 if self.query.plan.offset is None else self.query.plan.offset.seconds

    def _left_by_vendor(self, token: IssuedToken, at: Moment) -> float | None:
        ends = token.expires_at
        return None if ends is None else ends.timestamp() - self._offset - at.wall

    def kept(
        self, token: IssuedToken, left: float, lifetime: float, at: Moment, *, fresh: bool
    ) -> Kept:
        """Work out the moments of a token's life.

        Args:
            token: The token.
            left: The seconds until it ends, as far as the store knows.
            lifetime: The seconds from its minting to its end.
            at: The moment that both count from.
            fresh: Whether it was minted just now.
        """
        told = self._left_by_vendor(token, at)
        if self.query.lifetime is not None:
            told = self.query.lifetime - (lifetime - left)
        kept = keep(
            token,
            key=self.key,
            wall=at.wall,
            monotonic=at.monotonic,
            left=left if told is None else min(left, told),
            lifetime=lifetime,
            renew_ahead=self.settings.renew_ahead,
            revocable=self.query.revocable,
            fresh=fresh,
        )
        if self.query.revocable and self.settings.store is not None:
            kept.ask_from(at.monotonic + self.settings.local_copies_for)
        return kept
