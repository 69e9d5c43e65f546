"""Sending requests for async clients, on asyncio and trio."""

import asyncio
import os
import sys
import time
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import anyio
from anyio.lowlevel import checkpoint, checkpoint_if_cancelled

from .._model.messages import Request
from .._pipeline.effects import AttemptOutcome
from .._policy.event_loop import running_loop, time_limit
from .._policy.timeouts import LONGEST, Timeouts
from .._secret import without_frames
from .async_stream import AsyncBackend
from .asyncio_stream import AsyncioBackend
from .connection import IdleConnections, PooledConnection, Route
from .family import hide_credentials
from .httpx_adapter import HttpxAdapter, callers_adapter
from .progress import PROGRESS
from .response import NO_FREE_CONNECTION, QUIETLY, STALE_CONNECTION, ResponseReader
from .settings import MAX_CONNECTIONS, ConnectionSettings

__all__ = ["AsyncCallersConnections", "AsyncOwnConnections"]

CHUNKS_IN_A_READ = 16_384
# A body in tiny chunks is read without a pause: other tasks get a turn after this many.
CHUNKS_IN_A_TURN = 128
COUNTS_CANCELLATIONS = sys.version_info >= (3, 11)


async def exchange(
    adapter: HttpxAdapter,
    request: Request,
    timeouts: Timeouts,
    left: float,
    *,
    keeps_deadline: bool = False,
) -> AttemptOutcome:
    """Send a request and read the response, until the deadline.

    A network that keeps the deadline itself needs no cancel scope.
    """
    hide_credentials()
    progress = adapter.progress(left, request.origin)
    reader = ResponseReader(adapter, progress)
    previous = PROGRESS.set(progress)
    try:
        outgoing = adapter.outgoing(request, timeouts, left)
        if keeps_deadline:
            return await _receive(adapter, outgoing, reader)
        if not adapter.is_callers:  # a mock or an instrument stands above this package's network
            with suppress(TimeoutError):
                async with time_limit(left):
                    return await _receive(adapter, outgoing, reader)
            return reader.deadline_passed()
        with anyio.move_on_after(left):
            try:
                return await _receive(adapter, outgoing, reader)
            except BaseException as error:  # noqa: BLE001 - the deadline, or the caller, cancels
                ended = without_frames(error)
            # A caller's transport may raise its own cancellation instead of anyio's, which the
            # scope would not recognise. Python 3.10 can't tell it from the task's, which gets out.
            if COUNTS_CANCELLATIONS or not isinstance(ended, asyncio.CancelledError):
                await checkpoint_if_cancelled()
            raise ended
        return reader.deadline_passed()
    finally:
        PROGRESS.reset(previous)


async def _receive(adapter: HttpxAdapter, outgoing: Any, reader: ResponseReader) -> AttemptOutcome:
    chunks: Any = None
    try:
        if reader.begin(await adapter.handle(outgoing)):
            chunks = aiter(reader.response.stream)
            count = 0
            async for chunk in chunks:
                if reader.feed(chunk):
                    break
                count += 1
                if count % CHUNKS_IN_A_TURN == 0:
                    await checkpoint()
            else:
                chunks = None  # exhausted, so that there is nothing to end
        return reader.end()
    except Exception as error:  # noqa: BLE001 - re-raised, unless it is about the network
        return reader.failed(error)
    finally:
        if reader.response is not None:
            await _let_go(reader.response.stream, chunks)


async def _let_go(stream: Any, chunks: Any) -> None:
    """Close a response and end its iterator, which would otherwise be left to the event loop.

    httpx's iterator wraps httpcore's, which end only when they are exhausted; once closed,
    they have at most one more read. A caller's transport may go on forever.
    """
    try:
        with QUIETLY:
            await stream.aclose()
    finally:
        if chunks is not None:
            with anyio.CancelScope() as scope, QUIETLY, suppress(StopAsyncIteration):
                scope.cancel()  # anything that still waits in the iterator ends now
                for _ in range(CHUNKS_IN_A_READ):
                    await anext(chunks)
                await chunks.aclose()


class AsyncConnectionPool:
    """The connections of one event loop in one process to one origin."""

    def __init__(self, route: Route, *, closed: bool) -> None:
        self._route = route
        self._idle = IdleConnections(closed=closed)
        self._slots = anyio.Semaphore(MAX_CONNECTIONS, fast_acquire=True)
        self._on_asyncio = isinstance(running_loop(), asyncio.AbstractEventLoop)
        self._keeper = _keep(self)
        self._owner: Any = None
        self._timer: asyncio.TimerHandle | None = None
        self.process = os.getpid()

    async def take_slot(self, seconds: float) -> bool:
        """Take the right to use a connection; return whether one was free in time."""
        try:
            self._slots.acquire_nowait()
        except anyio.WouldBlock:
            try:
                async with time_limit(seconds):
                    await self._slots.acquire()
            except TimeoutError:
                return False
        return True

    async def take(self) -> PooledConnection:
        """Take a pooled connection, or a new one."""
        while (connection := self._idle.pop()) is not None:
            if not connection.has_expired():
                return connection
            await _close(connection)
        own = AsyncioBackend if self._on_asyncio else AsyncBackend
        return PooledConnection(self._route, own(self._route), "Async")

    async def give_back(self, connection: PooledConnection) -> None:
        """Take a connection back; one that cannot be used again is closed."""
        if (unused := self._idle.push(connection)) is not None:
            await _close(unused)

    def give_back_slot(self) -> None:
        """Let another call use a connection."""
        self._slots.release()

    async def keep(
        self, owner: "AsyncOwnConnections"
    ) -> Callable[[], "AsyncConnectionPool | None"]:
        """Stay until the event loop ends or the client is dropped; return what finds the pool.

        An event loop closes its async generators when it ends, while it still runs: the only
        moment at which connections of that loop can be closed properly. On asyncio a timer of
        the loop holds the pool, so that a loop that is closed by hand releases it too.
        """
        await anext(self._keeper)
        if not self._on_asyncio:
            return lambda: self
        self._owner = weakref.ref(owner, self._let_go)
        self._hold()
        return weakref.ref(self)

    def _hold(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LONGEST, self._hold)

    def _let_go(self, _: object = None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def close_idle(self) -> None:
        """Close the pooled connections."""
        # If one is cancelled meanwhile, the others must still be closed.
        async with AsyncExitStack() as stack:
            while (connection := self._idle.pop()) is not None:
                stack.push_async_callback(_close, connection)

    async def aclose(self) -> None:
        """Close the pooled connections now, and the others once they are given back.

        What a cancellation leaves open, the loop's end closes.
        """
        self._idle.closed = True
        await self.close_idle()
        await self._keeper.aclose()

    async def end(self) -> None:
        """Close everything, at the end of the event loop."""
        self._idle.closed = True
        await self.close_idle()
        self._let_go()
        self._keeper = _keep(self)  # the one that ends here knows its event loop


async def _close(connection: PooledConnection) -> None:
    with anyio.CancelScope(shield=True):
        for part in connection.parts():
            await part.aclose()


async def _keep(pool: AsyncConnectionPool) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await pool.end()


# A forked child must neither use nor close what its parent's event loop opened.
_INHERITED: list[AsyncConnectionPool] = []


class AsyncOwnConnections:
    """Connections that a client opens for itself: each event loop has its own."""

    def __init__(self, route: Route) -> None:
        self._route = route
        self._closed = False
        self._pools: weakref.WeakKeyDictionary[Any, Callable[[], AsyncConnectionPool | None]] = (
            weakref.WeakKeyDictionary()
        )

    async def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Send a request and read the response, in ``left`` seconds."""
        until = time.monotonic() + left
        pool = self._known() or await self._open()
        if not await pool.take_slot(left):
            return NO_FREE_CONNECTION
        outcome: AttemptOutcome = STALE_CONNECTION
        try:
            while outcome is STALE_CONNECTION:
                connection = await pool.take()
                connection.interrupted = True
                try:
                    adapter = connection.adapter()
                    # A mock or an instrument may wait without the network below.
                    is_direct = adapter.knows_what_was_sent
                    keeps_deadline = is_direct and connection.network.keeps_deadline
                    left = until - time.monotonic()
                    outcome = await exchange(
                        adapter, request, timeouts, left, keeps_deadline=keeps_deadline
                    )
                    connection.interrupted = False
                finally:
                    await pool.give_back(connection)
        finally:
            pool.give_back_slot()
        return outcome

    async def discard(self) -> None:
        """Close this loop's pooled connections: one may hold another request's response."""
        pool = self._known()
        if pool is not None:
            await pool.close_idle()

    async def aclose(self) -> None:
        """Close what was opened in the running loop; other loops close theirs when they end."""
        self._closed = True
        pool = self._known()
        if pool is not None:
            await pool.aclose()

    def _known(self) -> AsyncConnectionPool | None:
        known = self._pools.get(running_loop())
        pool = None if known is None else known()
        if pool is not None and pool.process != os.getpid():
            _INHERITED.append(pool)
            return None
        return pool

    async def _open(self) -> AsyncConnectionPool:
        # A call that is repeated after the client was closed must find its connections closed.
        pool = AsyncConnectionPool(self._route, closed=self._closed)
        self._pools[running_loop()] = await pool.keep(self)
        return pool


class AsyncCallersConnections:
    """The caller's client, which is never closed, or transport, which is, as in httpx."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self._transport = settings.transport
        self._adapter = callers_adapter(settings, "handle_async_request")

    async def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Send a request and read the response, in ``left`` seconds."""
        return await exchange(self._adapter, request, timeouts, left)

    async def discard(self) -> None:
        """Leave the connections to their owner."""

    async def aclose(self) -> None:
        """Close a transport; leave a client open."""
        if self._transport is not None:
            await self._transport.aclose()
