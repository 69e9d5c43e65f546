"""The network below httpcore's async connections on asyncio.

httpcore would use anyio's streams here, which make each call take longer. As in the sync
network, the deadline holds for every step, and what was sent is recorded.
"""

import asyncio
import select
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import anyio

from .async_stream import AsyncBackend, AsyncStream
from .connection import Route
from .network import PIECE
from .progress import PROGRESS, time_left

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
        self._waiter: asyncio.Future[bool] | None = None

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

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(True)

    async def _something(self, timeout: float | None, too_late: type[Exception]) -> None:
        waiter = self._waiter = self._loop.create_future()
        timer = self._loop.call_later(time_left(timeout, too_late), _give_up, waiter)
        try:
            if not await waiter:
                raise too_late("timed out")
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
        data = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        # Before Python 3.11, reading cannot be resumed once TLS has ended.
        if not self._reading and not self._received and not self._ended:
            self._reading = True
            self.transport.resume_reading()
        if not data and self._problem is not None:
            raise self._core.ReadError(str(self._problem))
        return data

    async def until_written(self, timeout: float | None) -> None:
        """Wait until most of the written data has been sent, or the connection is lost.

        Raises:
            WriteTimeout: That took too long.
        """
        while not self._writable:
            await self._something(timeout, self._core.WriteTimeout)

    def get_extra_info(self, info: str) -> Any:
        """Return what asyncio knows about the connection."""
        return self.transport.get_extra_info(info)


def _give_up(waiter: "asyncio.Future[bool]") -> None:
    if not waiter.done():
        waiter.set_result(False)


class AsyncioStream(AsyncStream):
    """A connection whose every step ends by the exchange's deadline."""

    def __init__(self, receiver: Receiver, route: Route) -> None:
        super().__init__(receiver, route)
        # TLS reports a failed write only in the event loop's next rounds.
        self._on_socket = receiver.transport

    async def _send_all(self, data: bytes) -> None:
        for start in range(0, len(data), PIECE):
            if not self._inner.transport.is_closing():
                # asyncio tries to send at once, and closes if that fails.
                self._inner.transport.write(data[start : start + PIECE])
            if self._on_socket.is_closing():
                PROGRESS.get().failed_to_write()
                return
            self._note_written()
            await self._inner.until_written(self._write_timeout)

    async def _secured(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None, timeout: float | None
    ) -> Receiver:
        # The event loop stops reading in the very step of the check before; what comes later
        # goes to TLS, and what TLS decrypts to a receiver that has never held anything else.
        receiver = Receiver(self._route.core)
        with _connecting(self._route.core, time_left(timeout, self._route.core.ConnectTimeout)):
            receiver.transport = await asyncio.get_running_loop().start_tls(
                self._on_socket, receiver, ssl_context, server_hostname=server_hostname
            )
        return receiver

    def _has_input(self) -> bool:
        if self._inner.has_something() or self._on_socket.is_closing():
            return True
        # Nothing of this kind has a descriptor below zero until it is closed. A transport with
        # TLS forgets the socket a moment before it reports the end.
        sock = self._inner.get_extra_info("socket")
        return sock is None or sock.fileno() < 0 or has_input(sock.fileno())

    async def aclose(self) -> None:
        """Close the connection without waiting; a TLS server is notified."""
        self._inner.transport.close()
        self._inner.transport.abort()
        # The event loop closes the socket in its next round.
        await asyncio.sleep(0)


@contextmanager
def _connecting(core: Any, seconds: float) -> Generator[None, None, None]:
    try:
        with anyio.fail_after(seconds):
            yield
    except TimeoutError as error:
        raise core.ConnectTimeout(str(error)) from error
    except OSError as error:
        raise core.ConnectError(str(error)) from error


def has_input(descriptor: int) -> bool:
    """Return whether a descriptor can be read; Windows has no ``poll()``, nor a limit of 1024."""
    if hasattr(select, "poll"):
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        return bool(poller.poll(0))
    readable, _, _ = select.select([descriptor], [], [], 0)
    return bool(readable)


class AsyncioBackend(AsyncBackend):
    """asyncio's own sockets; for one layer of TLS at most."""

    keeps_deadline = True

    async def _connect(self, address: Any, seconds: float) -> AsyncioStream:
        family, kind, protocol, _, where = address
        core, loop = self._route.core, asyncio.get_running_loop()
        with _connecting(core, seconds):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(0)
                await loop.sock_connect(sock, where)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _, receiver = await loop.create_connection(lambda: Receiver(core), sock=sock)
            except BaseException:
                sock.close()
                raise
        return AsyncioStream(receiver, self._route)
