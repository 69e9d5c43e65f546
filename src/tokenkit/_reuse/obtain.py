"""Get a token that the process doesn't have, from the store or from the vendor."""

from secrets import token_hex

from .._model.token import IssuedToken
from .._pipeline.effects import Sleep, Steps
from .._policy.clock import Moment
from ..errors import RateLimitError
from .asking import StoreFailure
from .commands import (
    Acquire,
    Acquired,
    Busy,
    Found,
    Publish,
    RateLimited,
    Release,
    Store,
)
from .entry import seal_entry, unseal_entry
from .kept import Kept
from .mint import Minted, Minting
from .query import Query

__all__ = ["Obtaining"]

FIRST_POLL, LONGEST_POLL, POLL_GROWTH = 0.02, 0.25, 1.6


class Obtaining(Minting):
    """The one caller in this process that gets a token for all.

    Args:
        query: The request for the token.
        at: The moment of the start.
        stale: The token that is to be renewed.
    """

    def __init__(self, query: Query, at: Moment, stale: Kept | None) -> None:
        super().__init__(query, at, stale)
        self.keeps = True
        self._owner = token_hex(8)

    def run(self) -> Steps[Kept | None]:
        """Return a token; ``None`` if another process is renewing the one we have.

        Afterwards, :attr:`keeps` tells whether it may be kept.
        """
        store = self.settings.store
        self.table.serves_revocable |= self.query.revocable
        if store is not None and self.table.circuit.allows(self.at.monotonic):
            return (yield from self._through_store(store))
        if store is not None:
            self.reason = "store failed"
            # Without the store, a process doesn't learn of revocations.
            self.keeps = not self.query.revocable
        return (yield from self.mint()).kept

    def _through_store(self, store: Store) -> Steps[Kept | None]:
        response = yield from self._acquire(store)
        if response is None or isinstance(response, Kept):
            return response
        if isinstance(response, RateLimited):
            raise self._rate_limited(response.seconds)
        if isinstance(response, StoreFailure):
            # The lock may still be ours, and other processes wait for our token.
            self.reason = "store failed"
        try:
            minted = yield from self.mint()
        except GeneratorExit:
            raise  # nothing can be asked any more; the lock expires
        except BaseException as error:
            yield from self._release(store, error)
            raise
        yield from self._publish(store, minted, has_lock=isinstance(response, Acquired))
        return minted.kept

    def _acquire(self, store: Store) -> Steps[Kept | Acquired | RateLimited | StoreFailure | None]:
        known = "" if self.stale is None else self.stale.mark
        poll = FIRST_POLL
        while True:
            question = Acquire(
                key=self.key,
                owner=self._owner,
                seconds=self.settings.lock_timeout,
                known=known,
                caller=self.query.caller_name,
            )
            response = yield from self.ask(store, question)
            if isinstance(response, (Acquired, RateLimited, StoreFailure)):
                return response
            if isinstance(response, Found):
                kept = yield from self._opened(store, response)
                if kept is not None:
                    return kept
                known = response.mark
            elif self.stale is not None:
                return None
            if self.at.monotonic >= self.query.until:
                raise self.too_late("another process was minting")
            if isinstance(response, Busy):
                left = self.query.until - self.at.monotonic
                yield from self.do(Sleep(min(poll * (0.5 + self.at.chance), left)))
                poll = min(poll * POLL_GROWTH, LONGEST_POLL)

    def _opened(self, store: Store, found: Found) -> Steps[Kept | None]:
        """Return a stored token if it can be read, lives long enough and was not revoked."""
        entry = unseal_entry(
            store.sealing, self.key, found.sealed, self.query.call, self.query.plan.origin
        )
        if entry is None or not isinstance(entry.value, IssuedToken) or entry.lifetime <= 0:
            return None
        left = min(found.left, entry.lifetime)
        kept = self.kept(entry.value, left, entry.lifetime, self.at, fresh=False)
        if not kept.serves(self.at.wall, self.at.monotonic, self.query.valid_for):
            return None
        if self.table.has_ended(kept):
            return None
        if self.query.revocable and not (yield from self.is_live(store, kept)):
            return None
        self.table.counts.store_hits += 1
        yield from self.tell_served(kept, "store")
        return kept

    def _publish(self, store: Store, minted: Minted, *, has_lock: bool) -> Steps[None]:
        left = minted.kept.left(self.at.wall, self.at.monotonic)
        if left <= 0:
            yield from self._release(store)
            return
        question = Publish(
            key=self.key,
            owner=self._owner,
            mark=minted.kept.mark,
            sealed=seal_entry(
                store.sealing, self.key, minted.reply, minted.reply.body, minted.kept.lifetime
            ),
            seconds=left,
            revocable=self.query.revocable,
        )
        published = yield from self.ask(store, question, insists=True)
        if has_lock and published is False:
            # It came too late, or was invalidated meanwhile.
            self.keeps = False
        elif published is not True:
            # A process that cannot share what it mints keeps it for itself.
            self.keeps = not self.query.revocable

    def _rate_limited(self, seconds: float) -> RateLimitError:
        return RateLimitError(
            f"Another process found that the rate limit of these credentials is used up; retry in "
            f"{seconds:.0f} s",
            vendor=self.query.vendor,
            operation=self.query.operation,
            retry_after=seconds,
            outcome="not performed",
        )

    def _release(self, store: Store, error: BaseException | None = None) -> Steps[None]:
        seconds = self.refused_for(error) if isinstance(error, RateLimitError) else 0.0
        question = Release(
            key=self.key,
            owner=self._owner,
            caller=self.query.caller_name,
            rate_limited=seconds,
        )
        yield from self.ask(store, question, insists=True)
