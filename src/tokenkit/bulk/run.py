"""The decisions of a bulk run: what is sent next, and what a response means.

It does no I/O except the journal's. A driver hands it the calls and the outcomes, sends what it
is given, and hands out the results; it asks from one thread only.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeAlias, TypeVar

from .._model.call import Call, Reply
from .._model.json import type_of
from ..errors import (
    APIError,
    ClientClosedError,
    ConfigurationError,
    ConnectError,
    DecodeError,
    FieldError,
    InvalidInputError,
    RateLimitError,
    ResponseTooLarge,
    TokenKitError,
    UnexpectedRedirect,
)
from .group import Group, Item, may_be_one_call
from .hand_out import HandOut
from .intake import Intake, Skipped
from .journal import Journal
from .options import Settings
from .pace import Pace
from .results import Counts, Failure, Result, Success

__all__ = ["Outcome", "Run"]

T = TypeVar("T")

Outcome: TypeAlias = Reply[Any] | TokenKitError
"""What a request brought."""

# How far ahead of the next result calls are taken where the order is kept, in requests' worth.
LOOK_AHEAD = 4
# Statuses that say that a request was certainly not carried out.
NOT_CARRIED_OUT = frozenset({400, 401, 404, 422, 429})
NOT_SENT = (ClientClosedError, ConfigurationError, ConnectError, InvalidInputError)
RESPONDED = (DecodeError, ResponseTooLarge, UnexpectedRedirect)


class Run(Generic[T]):
    """A bulk run.

    Args:
        settings: What the caller has set.
        pace: When requests may go.
        journal: What earlier runs have done.
        blames_credentials: The vendor's reading of an error; such a request was not carried out.
        wall: The client's time, in seconds since 1970, by which tokens end.
        origin_of: Returns the scheme, host and port that a call goes to.
    """

    def __init__(
        self,
        settings: Settings,
        pace: Pace,
        journal: Journal | None,
        *,
        blames_credentials: Callable[[APIError], bool],
        wall: Callable[[], float],
        origin_of: Callable[[Call[Any]], str],
    ) -> None:
        self.counts: Counts = Counts()
        self._settings = settings
        self._pace = pace
        self._journal = journal
        self._blames_credentials = blames_credentials
        self._intake: Intake[T] = Intake(
            journal, allow_payments=settings.allow_payments, wall=wall, origin_of=origin_of
        )
        self._line: deque[Group[T]] = deque()
        self._gathered: list[Item[T]] = []
        self._hand_out: HandOut[T] = HandOut(ordered=settings.ordered)
        # Keys of results that are not handed out yet, and of the one that the consumer has.
        self._undelivered: dict[int, bytes] = {}
        self._delivering: int | None = None
        self._under_way = 0
        self._no_more_calls = False

    @property
    def under_way(self) -> int:
        """The number of requests in flight."""
        return self._under_way

    @property
    def wants_call(self) -> bool:
        """Whether the next call can be taken now."""
        if self._no_more_calls or self._line or not self._has_place():
            return False
        ahead = self.counts.taken - self._hand_out.next_index
        return not self._settings.ordered or ahead < self._room()

    @property
    def ended(self) -> bool:
        """Whether every call has its result, and all are handed out."""
        return self._no_more_calls and not (self._line or self._under_way or self._hand_out)

    def take(self, call: Call[T]) -> None:
        """Take the next call.

        Raises:
            InvalidInputError: It is not a call.
        """
        index = self.counts.taken
        if not isinstance(call, Call):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller checks types
            problem = f"item {index} must be a request model, not {type_of(call)}"
            raise InvalidInputError("send_many()", (FieldError(field="calls", message=problem),))
        self.counts.taken += 1
        judged = self._intake.judge(index, call)
        if isinstance(judged, Item):
            self._gather(judged)
        elif isinstance(judged, Failure):
            self.counts.failed += 1
            self._hand_out.put(judged)
        else:
            self.counts.skipped += 1
            if isinstance(judged, Skipped):
                self._hand_out.skip(index)
            else:
                self._hand_out.put(judged)

    def end(self) -> None:
        """Note that there are no more calls."""
        self._no_more_calls = True
        self._form_group()

    def delay(self, now: float) -> float | None:
        """Return the seconds until a request may go.

        ``None`` if there is none to send, or no place; infinite if a response must come first.
        """
        if not self._line or not self._has_place():
            return None
        return self._pace.delay(now)

    def start(self, now: float) -> Group[T]:
        """Return the calls of the next request, which counts as sent."""
        group = self._line.popleft()
        group.ticket = self._pace.sent(now)
        if group.opens_payment and self._journal is not None:
            for key in group.keys:
                self._journal.sent(key)
        self._under_way += 1
        self.counts.requests += 1
        return group

    def responded(self, group: Group[T], outcome: Outcome, now: float, wall: float) -> None:
        """Take the outcome of a request."""
        self._under_way -= 1
        if isinstance(outcome, Reply):
            if outcome.attempts:
                self._pace.responded(group.ticket, outcome.headers, now, wall)
            else:  # a token that was kept
                self.counts.requests -= 1
                self._pace.failed(group.ticket, sent=False)
            self._succeed(group, outcome)
            return
        self._tell_pace(group, outcome, now, wall)
        if group.opens_payment and self._journal is not None and self._not_carried_out(outcome):
            for key in group.keys:
                self._journal.forget(key)
        if isinstance(outcome, RateLimitError):
            self.counts.refused += 1
            self._line.appendleft(group)
        elif len(group.items) > 1 and may_be_one_call(outcome):
            self._line.extendleft(reversed(group.halves()))
        else:
            self._fail(group, outcome)

    def next_result(self) -> Result[T] | None:
        """Return a result that is ready; the one before counts as delivered."""
        self.delivered()
        result = self._hand_out.pop()
        if result is not None and result.ok:
            self._delivering = result.index
        return result

    def delivered(self) -> None:
        """Note that the consumer has dealt with the last result: it asks for the next."""
        if self._delivering is not None:
            key = self._undelivered.pop(self._delivering, None)
            self._delivering = None
            if key is not None and self._journal is not None:
                self._journal.done(key)

    def _has_place(self) -> bool:
        return self._under_way < self._settings.concurrency and len(self._hand_out) < self._room()

    def _room(self) -> int:
        room = self._settings.concurrency * self._settings.batch_size
        return LOOK_AHEAD * room if self._settings.ordered else room

    def _gather(self, item: Item[T]) -> None:
        alone = self._settings.batch_size == 1 or item.call.opens_payment
        if self._gathered and (alone or type(self._gathered[0].call) is not type(item.call)):
            self._form_group()
        self._gathered.append(item)
        if alone or len(self._gathered) == self._settings.batch_size:
            self._form_group()

    def _form_group(self) -> None:
        if self._gathered:
            items, self._gathered = tuple(self._gathered), []
            self._line.append(Group(items))

    def _tell_pace(self, group: Group[T], error: TokenKitError, now: float, wall: float) -> None:
        ticket = group.ticket
        if isinstance(error, RateLimitError):
            self._pace.refused(ticket, error.retry_after, now)
        elif isinstance(error, APIError):
            self._pace.responded(ticket, error.headers, now, wall)
        elif isinstance(error, RESPONDED):
            self._pace.responded(ticket, {}, now, wall)
        else:
            self._pace.failed(ticket, sent=not isinstance(error, NOT_SENT))

    def _not_carried_out(self, error: TokenKitError) -> bool:
        if isinstance(error, APIError):
            return error.status in NOT_CARRIED_OUT or self._blames_credentials(error)
        return isinstance(error, NOT_SENT)

    def _succeed(self, group: Group[T], reply: Reply[Any]) -> None:
        seals = self._journal is not None and self._journal.sealing is not None
        if self._journal is not None and seals:
            self._journal.keep(reply, group.bodies(reply))
        for item, one in group.values(reply.value):
            if item.key is not None and not seals:
                self._undelivered[item.index] = item.key
            self.counts.succeeded += 1
            self._hand_out.put(Success(index=item.index, call=item.call, value=one))

    def _fail(self, group: Group[T], error: TokenKitError) -> None:
        for item in group.items:
            self.counts.failed += 1
            self._hand_out.put(Failure(index=item.index, call=item.call, error=error))
