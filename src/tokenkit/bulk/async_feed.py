"""The calls of an async run, from an iterable of either kind."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Generic, TypeVar

import anyio

from .._model.call import Call

__all__ = ["AsyncFeed", "Feed", "open_feed"]

T = TypeVar("T")


class Feed(Generic[T]):
    """Calls from a plain iterable."""

    is_waiting = False
    """Whether a call was asked for and is not there yet."""

    def __init__(self, calls: Iterator[Call[T]]) -> None:
        self._calls = calls

    def next(self) -> Call[T] | None:
        """Return the next call; ``None`` if it is not there yet.

        Raises:
            StopAsyncIteration: There are no more.
            Exception: What the caller's iterable raises.
        """
        try:
            return next(self._calls)
        except StopIteration:
            raise StopAsyncIteration from None

    async def run(self) -> None:
        """Do nothing."""


class AsyncFeed(Feed[T]):
    """Calls from an async iterable, taken in their own task, each when it is asked for.

    Args:
        calls: The iterator.
        notify: Called when a call is there.
    """

    def __init__(self, calls: AsyncIterator[Call[T]], notify: Callable[[], None]) -> None:
        self._async_calls = calls
        self._notify = notify
        self._asked = anyio.Event()
        self._found: list[Call[T]] = []
        self._problem: Exception | None = None
        self.is_waiting: bool = False

    def next(self) -> Call[T] | None:
        """Return the call that is there, and otherwise ask for one."""
        if self._found:
            return self._found.pop()
        if self._problem is not None:
            raise self._problem
        self.is_waiting = True
        self._asked.set()
        return None

    async def run(self) -> None:
        """Take calls until there are no more; then close what can be closed."""
        try:
            while self._problem is None:
                await self._asked.wait()
                self._asked = anyio.Event()
                try:
                    self._found.append(await self._async_calls.__anext__())
                except Exception as error:  # noqa: BLE001 - raised in the consumer's task
                    self._problem = error
                self.is_waiting = False
                self._notify()
        finally:
            # trio warns of an async generator that is left open.
            close = getattr(self._async_calls, "aclose", None)
            if close is not None:
                with anyio.CancelScope(shield=True):
                    await close()


def open_feed(
    calls: Iterable[Call[T]] | AsyncIterable[Call[T]], notify: Callable[[], None]
) -> Feed[T]:
    """Return the feed for an iterable.

    Raises:
        TypeError: It isn't iterable.
    """
    if isinstance(calls, AsyncIterable):
        return AsyncFeed(calls.__aiter__(), notify)
    return Feed(iter(calls))
