"""A bulk run of an async client."""

from collections import deque
from collections.abc import AsyncIterable, Iterable
from functools import partial
from math import isfinite
from types import TracebackType
from typing import Generic, TypeVar

import anyio
from anyio.lowlevel import checkpoint
from typing_extensions import Self

from .._model.call import Call
from .._pipeline.stop_iteration import NOT_THE_END
from ..errors import TokenKitError
from .async_feed import open_feed
from .group import Group
from .options import Settings
from .rate_limiter import tell_limiter
from .results import Counts, Result
from .run import Outcome, Run
from .sender import AsyncSender
from .session import LONGEST_NAP, Session

__all__ = ["AsyncSendMany"]

T = TypeVar("T")

# How many calls or results pass before other tasks get their turn.
TURN = 64


class AsyncSendMany(Generic[T]):
    """The results of a bulk run; what an async client's ``send_many()`` returns.

    An async context manager that is iterated, once, in one task::

        async with client.send_many(calls) as results:
            async for result in results:
                ...

    Plain iterables are read in the same task; an async iterable is read in its own task, and
    closed at the end. Leaving the block cancels the requests in flight.
    """

    def __init__(
        self,
        calls: Iterable[Call[T]] | AsyncIterable[Call[T]],
        settings: Settings,
        sender: AsyncSender,
    ) -> None:
        self._arrived = anyio.Event()
        self._feed = open_feed(calls, self._notify)
        self._sender = sender
        self._clock = sender.clock
        self._limiter = settings.rate_limiter
        self._session: Session[T] = Session(calls, settings, sender)
        self._outcomes: deque[tuple[Group[T], Outcome | Exception]] = deque()
        self._passed = 0

    @property
    def counts(self) -> Counts:
        """How far the run has come."""
        return self._session.counts

    async def __aenter__(self) -> Self:
        needs_secrets = self._session.settings.journal is not None
        self._session.begin(await self._sender.secrets() if needs_secrets else ())
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._feed.run)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The block's own exception leaves as it is, not in an exception group.
        self._tasks.cancel_scope.cancel()
        try:
            await self._tasks.__aexit__(None, None, None)
        finally:
            try:
                await self._take_outcomes(self._session.run)
            finally:
                self._session.close(error)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Result[T]:
        with NOT_THE_END:
            result = await self._next_result()
        if result is None:
            raise StopAsyncIteration
        return result

    async def _next_result(self) -> Result[T] | None:
        run = self._session.run
        run.delivered()
        while True:
            self._arrived = anyio.Event()
            await self._take_outcomes(run)
            await self._send_what_may_go(run)
            result = run.next_result()
            if result is not None:
                self._session.report()
                await self._let_others_run()
                return result
            if run.ended:
                self._session.end()
                return None
            await self._wait(run)

    async def _take_outcomes(self, run: Run[T]) -> None:
        while self._outcomes:
            group, outcome = self._outcomes.popleft()
            now = self._clock.monotonic()
            if isinstance(outcome, Exception) and not isinstance(outcome, TokenKitError):
                raise outcome
            run.responded(group, outcome, now, self._clock.time())
            if self._limiter is not None:
                tell = partial(tell_limiter, self._limiter, outcome, now)
                await anyio.to_thread.run_sync(tell)

    async def _send_what_may_go(self, run: Run[T]) -> None:
        while True:
            while run.wants_call:
                if not self._take_call():
                    self._session.delay = None
                    return
                self._session.report()
                await self._let_others_run()
            now = self._clock.monotonic()
            delay = run.delay(now)
            if delay == 0 and self._limiter is not None:
                delay = await anyio.to_thread.run_sync(self._limiter.wait, now)
            self._session.delay = delay
            if delay != 0:
                return
            self._tasks.start_soon(self._send, run.start(now))

    def _take_call(self) -> bool:
        """Take the next call, or what replaces it; return whether one was there."""
        try:
            call = self._feed.next()
        except StopAsyncIteration:
            self._session.stop_taking()
        except Exception as error:  # noqa: BLE001 - raised after the results of the calls before
            self._session.stop_taking(error)
        else:
            if call is None:
                return False
            self._session.take(call)
        return True

    async def _send(self, group: Group[T]) -> None:
        outcome: Outcome | Exception
        try:
            outcome = await self._sender.send(group.request, may_retry=not group.forbids_retry)
        except TokenKitError as error:
            outcome = error.with_traceback(None)
        except Exception as error:  # noqa: BLE001 - raised in the consumer's task
            outcome = error
        self._outcomes.append((group, outcome))
        self._notify()

    def _notify(self) -> None:
        self._arrived.set()

    async def _let_others_run(self) -> None:
        self._passed += 1
        if self._passed >= TURN:
            self._passed = 0
            await checkpoint()

    async def _wait(self, run: Run[T]) -> None:
        """Wait for an outcome or a call, or until the next request may go."""
        delay = self._session.delay
        waiting = delay if delay is not None and isfinite(delay) else 0.0
        self._session.report(waiting)
        nap = min(waiting or LONGEST_NAP, LONGEST_NAP)
        if run.under_way or self._feed.is_waiting:
            with anyio.move_on_after(nap):
                await self._arrived.wait()
        else:
            await self._clock.sleep(nap)

    def __repr__(self) -> str:
        # If the constructor fails, an error's frames may show the object before this is set.
        return repr(vars(self).get("_session", "send_many()"))
