"""What happens to a call that a run takes: it is sent, already known, or refused."""

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any, Generic, TypeVar

import attrs

from .._model.call import Call
from .._model.token import IssuedToken
from ..errors import (
    ConfigurationError,
    InterruptedMintError,
    TokenKitError,
)
from .group import Item
from .journal import DONE, Journal
from .results import Failure, Success

__all__ = ["Intake", "Skipped"]

T = TypeVar("T")


@attrs.frozen
class Skipped:
    """A call whose result an earlier run has delivered."""


class Intake(Generic[T]):
    """Judges the calls that a run takes.

    Args:
        journal: What earlier runs have done.
        allow_payments: Whether calls that open payments may be sent.
        wall: The time by which tokens end, in seconds since 1970.
        origin_of: Returns the scheme, host and port that a call goes to.
    """

    def __init__(
        self,
        journal: Journal | None,
        *,
        allow_payments: bool,
        wall: Callable[[], float],
        origin_of: Callable[[Call[Any]], str],
    ) -> None:
        self._journal = journal
        self._allow_payments = allow_payments
        self._wall = wall
        self._origin_of = origin_of

    def judge(self, index: int, call: Call[T]) -> Item[T] | Success[T] | Failure[T] | Skipped:
        """Return the call to send, or the result that it already has."""
        try:
            if call.opens_payment and not self._allow_payments:
                raise ConfigurationError(
                    f"{type(call).__name__} must not be sent twice, as its opens_payment is True; "
                    "to send it in bulk, pass allow_payments=True and journal=..."
                )
            if self._journal is None:
                return Item(index, call, None)
            item = Item(index, call, self._journal.key_for(call))
            return self._known(item, self._journal)
        except TokenKitError as error:
            return Failure(index=index, call=call, error=error.with_traceback(None))

    def _known(self, item: Item[T], journal: Journal) -> Item[T] | Success[T] | Skipped:
        payment = item.call.opens_payment
        entry = journal.find(item.key) if item.key else None
        if entry is None:
            if payment and not journal.is_whole:
                raise InterruptedMintError(
                    "The journal was damaged, so an earlier run may have sent this call; "
                    f"{_advice(item.call)}"
                )
            return item
        if entry.state != DONE:
            raise InterruptedMintError(
                "An earlier run sent this call and was interrupted before its result was known; "
                f"{_advice(item.call)}"
            )
        if entry.sealed is None:
            return Skipped()
        success = self._unsealed(item, journal, entry.sealed)
        if success is None and payment:
            raise InterruptedMintError(
                "An earlier run sent this call successfully, but the journal can't give its "
                f"response back; {_advice(item.call)}",
                outcome="performed",
            )
        return item if success is None else success

    def _unsealed(self, item: Item[T], journal: Journal, sealed: bytes) -> Success[T] | None:
        """Return what the journal keeps; ``None`` if it is unreadable or has expired."""
        origin = self._origin_of(item.call)
        key = item.key
        opened = None if key is None else journal.opened(key, sealed, item.call, origin)
        if opened is None:
            return None
        token: object = opened.value
        now = datetime.fromtimestamp(self._wall(), timezone.utc)
        # An expired token is useless, but the id of a payment isn't.
        ended = isinstance(token, IssuedToken) and token.is_expired(now)
        if ended and not item.call.opens_payment:
            return None
        return Success(index=item.index, call=item.call, value=opened.value)


def _advice(call: Call[Any]) -> str:
    return call.advice_if_unknown or "find out what it has created before you send it again"
