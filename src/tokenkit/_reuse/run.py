"""The life of a request for a token, as one generator of effects.

A caller is served, waits for another caller's mint, or mints for all who wait.
"""

import copy
from typing import cast

from .._model.token import IssuedToken
from .._pipeline.effects import Steps, Wait
from .._policy.clock import Moment
from ..errors import ClientClosedError, DeadlineExceeded, TokenKitError
from .conversation import Conversation
from .flight import Flight
from .kept import Kept
from .obtain import Obtaining
from .query import Query
from .state import Follow, Lead, Serve

__all__ = ["serve"]


def serve(query: Query, start: Moment) -> Steps[IssuedToken]:
    """Return a token; a generator of effects.

    Args:
        query: What is asked for.
        start: The moment of the start.
    """
    talk = Conversation(query, start)
    waited = False
    while True:
        own = Flight()
        try:
            step = query.table.decide(query.place, talk.at, query.valid_for, own)
            if isinstance(step, Serve):
                kept = yield from _served(talk, step.kept)
            elif isinstance(step, Follow):
                query.table.counts.waits += not waited
                waited = True
                kept = yield from _followed(talk, step)
            else:
                kept = yield from _led(talk, step)
        finally:
            # Cancelled, interrupted or dropped: a waiting caller takes over.
            if query.table.flights.get(query.place) is own:
                query.table.settle(query.place, own)
        if kept is not None:
            return kept.token


def _served(talk: Conversation, kept: Kept) -> Steps[Kept | None]:
    """Hand out a kept token, unless another process revoked it."""
    store = talk.settings.store
    if store is not None and talk.at.monotonic >= kept.asks_at:
        may_ask = talk.table.circuit.allows(talk.at.monotonic)
        if not may_ask or not (yield from talk.is_live(store, kept)):
            talk.table.drop_kept(talk.query.place, kept)
            return None
    talk.table.counts.hits += 1
    yield from talk.tell_served(kept)
    return kept


def _followed(talk: Conversation, step: Follow) -> Steps[Kept | None]:
    """Wait for another caller's mint and share its outcome."""
    flight, query = step.flight, talk.query
    yield from talk.do(Wait(flight, query.until))
    kept = flight.kept
    if kept is not None and _suits(talk, kept):
        yield from talk.tell_served(kept)
        return kept
    if flight.error is not None:
        # One exception must not be raised in two places at once.
        raise copy.copy(flight.error)
    if talk.at.monotonic >= query.until:
        raise talk.too_late("another caller was minting")
    return None


def _suits(talk: Conversation, kept: Kept) -> bool:
    at = talk.at
    if talk.table.has_ended(kept):
        return False
    return kept.fresh or kept.serves(at.wall, at.monotonic, talk.query.valid_for)


def _led(talk: Conversation, step: Lead) -> Steps[Kept | None]:
    """Get a token for all who wait."""
    table, place, flight, stale = talk.table, talk.query.place, step.flight, step.stale
    table.counts.misses += stale is None
    way = Obtaining(talk.query, talk.at, stale)
    try:
        kept = yield from way.run()
    except TokenKitError as error:
        yield from talk.look_at_clock()
        if stale is None or not stale.serves(
            talk.at.wall, talk.at.monotonic, talk.query.valid_for
        ):
            if _concerns_all(error, talk):
                table.settle(place, flight, error=error)
            raise
        kept = None
    else:
        talk.at = way.at
    if kept is not None:
        # A token whose end is unknown may end at any time.
        table.settle(place, flight, kept, keeps=way.keeps and kept.lifetime > 0)
    else:
        # Only a renewal ends without a token; the old one is still good for a while.
        table.put_off_renewal(cast("Kept", stale), talk.at.monotonic)
    return kept


def _concerns_all(error: TokenKitError, talk: Conversation) -> bool:
    """Return whether an error is the vendor's or the network's, not just this caller's."""
    if isinstance(error, ClientClosedError):
        return False
    return not isinstance(error, DeadlineExceeded) or talk.at.monotonic < talk.query.until
