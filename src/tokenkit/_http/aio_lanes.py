"""Connections that an async client opens for itself, on asyncio and trio."""

import asyncio
import os
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from weakref import WeakKeyDictionary

import anyio
import attrs
from anyio.lowlevel import RunVar

from .._model.messages import Request
from .._pipeline.effects import AttemptOutcome
from .._policy.timeouts import Timeouts
from .aio import exchange, exchange_step_by_step
from .aio_network import CountingBackend
from .asyncio_network import AsyncioBackend
from .exchange import no_connection_fault
from .lane import KEEPALIVE, Lane, open_lane
from .own import MAX_CONNECTIONS, OwnSettings

__all__ = ["AsyncOwnConnections"]


class _Lanes:
    """The lanes of one event loop; the one used last comes first, so that few stay open."""

    def __init__(self, settings: OwnSettings) -> None:
        self._settings = settings
        self._free: deque[Lane] = deque()
        self._places = anyio.Semaphore(MAX_CONNECTIONS, fast_acquire=True)
        self._closed = False
        self._on_asyncio = _runs_asyncio()

    async def take(self, seconds: float) -> Lane | None:
        """Take a free lane, or a new one; ``None`` if all are in use for that long."""
        if not await self._has_place(seconds):
            return None
        try:
            while self._free:
                lane = self._free.pop()
                if not lane.has_expired():
                    return lane
                await _close(lane)
            return self._new()
        except BaseException:
            self._places.release()
            raise

    async def _has_place(self, seconds: float) -> bool:
        try:
            self._places.acquire_nowait()
        except anyio.WouldBlock:
            with anyio.move_on_after(seconds) as scope:
                await self._places.acquire()
            return not scope.cancelled_caught
        return True

    def _new(self) -> Lane:
        family = self._settings.family
        # Behind an https proxy a connection needs TLS within TLS, which asyncio itself cannot
        # do before Python 3.11.
        tls_in_tls = (self._settings.proxy_url() or "").startswith("https:")
        if self._on_asyncio and not tls_in_tls:
            return open_lane(self._settings, AsyncioBackend(family), "Async")
        network = CountingBackend(family, on_asyncio=self._on_asyncio)
        return open_lane(self._settings, network, "Async")

    async def give_back(self, lane: Lane) -> None:
        """Take a lane back; one that cannot be used again is closed."""
        try:
            if self._closed or not lane.is_clean():
                await _close(lane)
                return
            lane.idle_since = time.monotonic()
            self._free.append(lane)
            if self._free[0].idle_since < lane.idle_since - KEEPALIVE:
                await _close(self._free.popleft())
        finally:
            self._places.release()

    async def aclose(self) -> None:
        """Close the free lanes now, and the others once they are given back."""
        self._closed = True
        await self.discard()

    async def discard(self) -> None:
        """Close the free lanes."""
        # One that is cancelled meanwhile must not keep the others open.
        async with AsyncExitStack() as stack:
            while self._free:
                stack.push_async_callback(_close, self._free.pop())


def _runs_asyncio() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _close(lane: Lane) -> None:
    # httpcore keeps what is cancelled between its steps, neither idle nor closed: therefore
    # the network as well.
    with anyio.CancelScope(shield=True):
        await lane.network.aclose()
        await lane.transport.aclose()


@attrs.frozen(eq=False, repr=False)
class _Opened:
    """The lanes of one event loop in one process, and what closes them at its end."""

    lanes: _Lanes
    keeper: AsyncGenerator[None, None]
    process: int


_OF_LOOP: RunVar[WeakKeyDictionary["AsyncOwnConnections", _Opened]] = RunVar(
    "tokenkit_connections"
)
# A forked child must neither use nor close what its parent's event loop had opened.
_INHERITED: list[_Opened] = []


def _of_this_loop() -> WeakKeyDictionary["AsyncOwnConnections", _Opened]:
    try:
        return _OF_LOOP.get()
    except LookupError:
        _OF_LOOP.set(WeakKeyDictionary())
    return _OF_LOOP.get()


async def _keep(lanes: _Lanes) -> AsyncGenerator[None, None]:
    # An event loop closes its async generators when it ends, while it still runs: the only
    # moment at which connections of that loop can be closed properly.
    try:
        yield
    finally:
        await lanes.aclose()


class AsyncOwnConnections:
    """Connections that a client opens for itself: each event loop has its own.

    Args:
        settings: How to open them.
    """

    def __init__(self, settings: OwnSettings) -> None:
        self._settings = settings

    async def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Send a request and read the answer, in ``left`` seconds."""
        until = time.monotonic() + left
        lanes = await self._open()
        lane = await lanes.take(left)
        if lane is None:
            return no_connection_fault()
        try:
            step_by_step = isinstance(lane.network, AsyncioBackend)
            send = exchange_step_by_step if step_by_step else exchange
            left = until - time.monotonic()
            return await send(lane.way(self._settings.family), request, timeouts, left)
        finally:
            await lanes.give_back(lane)

    async def discard(self) -> None:
        """Close the pooled connections: one may hold another request's response."""
        await (await self._open()).discard()

    async def aclose(self) -> None:
        """Close what was opened in the running loop; other loops close theirs when they end."""
        opened = _of_this_loop().get(self)
        if opened is not None and opened.process == os.getpid():
            # It stays known: a call that is repeated later must find its lanes closed, and what
            # a cancellation leaves open here, a second try or the loop's end closes.
            await opened.lanes.aclose()
            await opened.keeper.aclose()

    async def _open(self) -> _Lanes:
        of_loop = _of_this_loop()
        opened = of_loop.get(self)
        if opened is not None and opened.process != os.getpid():
            _INHERITED.append(opened)
            opened = None
        if opened is None:
            lanes = _Lanes(self._settings)
            opened = _Opened(lanes, _keep(lanes), os.getpid())
            of_loop[self] = opened
            await anext(opened.keeper)
        return opened.lanes
