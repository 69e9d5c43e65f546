"""A bulk run of a sync client."""

from collections.abc import AsyncIterable, Iterable, Iterator
from math import isfinite
from types import TracebackType
from typing import Generic, TypeVar

from typing_extensions import Self

from .._model.call import Call, Reply
from .._pipeline.stop_iteration import NOT_THE_END
from ..errors import TokenKitError
from .options import Settings
from .rate_limiter import tell_limiter
from .results import Counts, Result
from .run import Run
from .sender import SyncSender
from .session import LONGEST_NAP, Session
from .threads import Threads

__all__ = ["SendMany"]

T = TypeVar("T")


class SendMany(Generic[T]):
    """The results of a bulk run; what a client's ``send_many()`` returns.

    A context manager that is iterated, once, in one thread::

        with client.send_many(calls) as results:
            for result in results:
                ...

    The calls are taken in the same thread, a few at a time. Leaving the block sends nothing more
    and waits for the requests in flight.
    """

    def __init__(self, calls: Iterable[Call[T]], settings: Settings, sender: SyncSender) -> None:
        if isinstance(calls, AsyncIterable):
            raise TypeError("send_many(): only async clients take an async iterable of calls")
        self._calls: Iterator[Call[T]] = iter(calls)
        self._sender = sender
        self._clock = sender.clock
        self._limiter = settings.rate_limiter
        self._session: Session[T] = Session(calls, settings, sender)
        self._threads: Threads[T] = Threads(sender.send)

    @property
    def counts(self) -> Counts:
        """How far the run has come."""
        return self._session.counts

    def __enter__(self) -> Self:
        needs_secrets = self._session.settings.journal is not None
        self._session.begin(self._sender.secrets() if needs_secrets else ())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        run = self._session.run
        try:
            self._threads.stop()
            self._threads.join()
            self._take_outcomes(run)
        finally:
            self._session.close(error)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Result[T]:
        with NOT_THE_END:
            result = self._next_result()
        if result is None:
            raise StopIteration
        return result

    def _next_result(self) -> Result[T] | None:
        run = self._session.run
        run.delivered()
        while True:
            self._take_outcomes(run)
            self._send_what_may_go(run)
            result = run.next_result()
            if result is not None:
                self._session.report()
                return result
            if run.ended:
                self._session.end()
                return None
            self._wait(run)

    def _take_outcomes(self, run: Run[T], wait: float = 0.0) -> None:
        """Take the outcomes that are there, or wait for the first."""
        while (sent := self._threads.outcome(wait)) is not None:
            group, outcome = sent
            wait = 0.0
            now = self._clock.monotonic()
            if not isinstance(outcome, (Reply, TokenKitError)):
                raise outcome
            run.responded(group, outcome, now, self._clock.time())
            if self._limiter is not None:
                tell_limiter(self._limiter, outcome, now)

    def _send_what_may_go(self, run: Run[T]) -> None:
        while True:
            while run.wants_call:
                self._take_call()
                self._session.report()
            now = self._clock.monotonic()
            delay = run.delay(now)
            if delay == 0 and self._limiter is not None:
                delay = self._limiter.wait(now)
            self._session.delay = delay
            if delay != 0:
                return
            self._threads.submit(run.start(now))

    def _take_call(self) -> None:
        try:
            call = next(self._calls)
        except StopIteration:
            self._session.stop_taking()
        except Exception as error:  # noqa: BLE001 - raised after the results of the calls before
            self._session.stop_taking(error)
        else:
            self._session.take(call)

    def _wait(self, run: Run[T]) -> None:
        """Wait for an outcome, or until the next request may go."""
        delay = self._session.delay
        waiting = delay if delay is not None and isfinite(delay) else 0.0
        self._session.report(waiting)
        nap = min(waiting or LONGEST_NAP, LONGEST_NAP)
        if run.under_way:
            self._take_outcomes(run, nap)
        else:
            self._clock.sleep(nap)

    def __repr__(self) -> str:
        # If the constructor fails, an error's frames may show the object before this is set.
        return repr(vars(self).get("_session", "send_many()"))
