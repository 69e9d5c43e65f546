"""What every way to a token needs: asking the store, reporting records, the time."""

from typing import Any, Literal

from .._observability.records import Record, StoreFailed, TokenServed
from .._pipeline.effects import Ask, Effect, Notify, Result, Steps
from .._policy.clock import Moment
from ..errors import DeadlineExceeded
from .asking import TICK, StoreFailure, StoreQuestion
from .commands import (
    Acquire,
    Acquired,
    Busy,
    Command,
    Found,
    IsLive,
    RateLimited,
    Store,
    StoreResponse,
)
from .kept import Kept
from .query import Query

__all__ = ["Conversation"]

ACQUIRE_RESPONSES = (Found, Acquired, Busy, RateLimited)


class Conversation:
    """The effects of a request for a token, and the moment of the last one.

    Args:
        query: The request for the token.
        at: The moment of the start.
    """

    def __init__(self, query: Query, at: Moment) -> None:
        self.query = query
        self.at = at
        self.table = query.table
        self.settings = query.table.settings

    def ask(
        self, store: Store, command: Command, *, insists: bool = False
    ) -> Steps[StoreResponse | StoreFailure]:
        """Ask the store; count and report its failure.

        Args:
            store: The store.
            command: The command.
            insists: Whether to ask even if the caller was cancelled.
        """
        response: StoreResponse | StoreFailure
        response = yield from self.do(
            Ask(StoreQuestion(store, command, insists, self.table.circuit))
        )
        if not isinstance(response, StoreFailure):
            if not isinstance(command, Acquire) or isinstance(response, ACQUIRE_RESPONSES):
                self.table.circuit.worked()
                return response
            response = StoreFailure(f"{type(response).__name__} as the response to Acquire", 0.0)
        self.table.counts.store_failures += 1
        self.table.circuit.failed(self.at.monotonic)
        record = StoreFailed(
            vendor=self.query.vendor,
            operation=self.query.operation,
            error=response.error,
            seconds=response.seconds,
        )
        yield from self.do(Notify(record))
        return response

    def is_live(self, store: Store, kept: Kept) -> Steps[bool]:
        """Return whether a token is known not to be revoked."""
        live = yield from self.ask(store, IsLive(mark=kept.mark))
        if live is True:
            kept.ask_from(self.at.monotonic + self.settings.local_copies_for)
        return live is True

    def tell(self, record: Record) -> Steps[None]:
        """Report a record to hooks and the log."""
        if self.query.watched:
            yield from self.do(Notify(record))

    def tell_served(
        self, kept: Kept, source: Literal["process", "store"] = "process"
    ) -> Steps[None]:
        """Report that a token is handed out again."""
        if not (self.query.watched if source == "store" else self.query.tells_hits):
            return
        left = kept.left(self.at.wall, self.at.monotonic)
        record = TokenServed(
            vendor=self.query.vendor,
            operation=self.query.operation,
            source=source,
            age=kept.lifetime - left,
            left=left,
        )
        yield from self.do(Notify(record))

    def too_late(self, meanwhile: str) -> DeadlineExceeded:
        """Return the error of a caller whose deadline passed before anything was sent."""
        return DeadlineExceeded(
            f"The deadline passed while {meanwhile}",
            vendor=self.query.vendor,
            operation=self.query.operation,
            outcome="not performed",
        )

    def look_at_clock(self) -> Steps[None]:
        """Learn the time."""
        yield from self.do(Ask(TICK))

    def do(self, effect: Effect[Any]) -> Steps[Any]:
        """Let the driver do something."""
        result: Result[Any] = yield effect
        self.at = result.at
        return result.value
