"""The network below httpcore's async connections on asyncio.

httpcore would use anyio's streams here, which make each call take longer. As in the sync
network, the deadline holds for every step, and what was sent is recorded.
"""

import asyncio
import select
import socket
from typing import Any

from .._policy.event_loop import time_limit
from .async_stream import AsyncBackend, AsyncStream, TLSStream, connecting
from .connection import time_left

__all__ = ["AsyncioBackend", "AsyncioStream", "Receiver"]

# Anything beyond that stays in the socket until it is read.
ENOUGH = 262_144


class Receiver(asyncio.Protocol):
    """Keeps received data until it is read, and wakes the one task that waits for it."""

    def __init__(self, core: Any) -> None:
        self.transport: Any = None
        self._core = core
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._ended = False
        self._problem: Exception | None = None
        self._reading = True
        self._writable = True
        self._waiter: asyncio.Future[type[Exception] | None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Keep received data; stop reading while there is too much of it."""
        self._received += data
        if self._reading and len(self._received) >= ENOUGH:
            self._reading = False
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Record that the server has ended."""
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Record that nothing more can be sent or received, and why."""
        self._ended = self._writable = True
        self._problem = exc
        self._wake()

    def pause_writing(self) -> None:
        """Record that written data has not been sent yet."""
        self._writable = False

    def resume_writing(self) -> None:
        """Record that most of it has been sent."""
        self._writable = True
        self._wake()

    def _wake(self, problem: type[Exception] | None = None) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(problem)

    async def _something(self, timeout: float | None, too_late: type[Exception]) -> None:
        waiter = self._waiter = self._loop.create_future()
        timer = self._loop.call_later(time_left(timeout, too_late), self._wake, too_late)
        try:
            if (problem := await waiter) is not None:
                raise problem("timed out")
        finally:
            timer.cancel()
            self._waiter = None

    def has_something(self) -> bool:
        """Return whether a read would not have to wait."""
        return self._ended or bool(self._received)

    async def read(self, max_bytes: int, timeout: float | None) -> bytes:
        """Read some bytes; none at the end.

        Raises:
            ReadTimeout: Nothing came in time.
            ReadError: The connection is lost.
        """
        # Even if there is no need to wait, a server that drips bytes must meet the deadline.
        time_left(timeout, self._core.ReadTimeout)
        while not self.has_something():
            await self._something(timeout, self._core.ReadTimeout)
        data = self.take(max_bytes)
        if not data and self._problem is not None:
            raise self._core.ReadError(str(self._problem))
        return data

    def take(self, max_bytes: int = ENOUGH) -> bytes:
        """Return some of what has been received; nothing if there is none."""
        data = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        if not self._reading and not self._received and not self._ended:
            self._reading = True
            self.transport.resume_reading()
        return data

    async def write(self, data: bytes, timeout: float | None) -> None:
        """Send some bytes, and wait until most of them have left, or the connection is lost.

        Raises:
            WriteError: The connection was lost before.
            WriteTimeout: That took too long.
        """
        if not self.transport.is_closing():
            # asyncio tries to send at once, and closes if that fails.
            self.transport.write(data)
        if self.transport.is_closing():
            raise self._core.WriteError("the connection is lost")
        while not self._writable:
            await self._something(timeout, self._core.WriteTimeout)

    def get_extra_info(self, info: str) -> Any:
        """Return what asyncio knows about the connection."""
        if info != "is_readable":
            return self.transport.get_extra_info(info)
        if self.has_something() or self.transport.is_closing():
            return True
        # Nothing of this kind has a descriptor below zero until it is closed.
        sock = self.transport.get_extra_info("socket")
        return sock is None or sock.fileno() < 0 or has_input(sock.fileno())

    async def aclose(self) -> None:
        """Close the connection without waiting."""
        self.transport.close()
        self.transport.abort()
        # The event loop closes the socket in its next round.
        await asyncio.sleep(0)


class AsyncioStream(AsyncStream):
    """A connection whose every step ends by the exchange's deadline."""

    def _has_input(self) -> bool:
        if self._layers == 1 and isinstance(self._top, TLSStream):
            # A server may send session tickets at any time, which are nobody's response.
            self._top.feed(self._inner.take())
        return super()._has_input()

    async def aclose(self) -> None:
        """Close the connection without waiting; a TLS server is told."""
        if isinstance(self._top, TLSStream) and not self._inner.transport.is_closing():
            self._inner.transport.write(self._top.good_bye())
        await super().aclose()


def has_input(descriptor: int) -> bool:
    """Return whether a descriptor can be read; Windows has no ``poll()``, nor a limit of 1024."""
    if hasattr(select, "poll"):
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        return bool(poller.poll(0))
    readable, _, _ = select.select([descriptor], [], [], 0)
    return bool(readable)


class AsyncioBackend(AsyncBackend):
    """asyncio's own sockets."""

    keeps_deadline = True

    async def _connect(self, address: Any, seconds: float) -> AsyncioStream:
        family, kind, protocol, _, where = address
        core, loop = self._route.core, asyncio.get_running_loop()
        with connecting(core):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(0)
                async with time_limit(seconds):
                    await loop.sock_connect(sock, where)
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    _, receiver = await loop.create_connection(lambda: Receiver(core), sock=sock)
            except BaseException:
                sock.close()
                raise
        return AsyncioStream(receiver, self._route)
