"""The receiving end of a connection on asyncio."""

import asyncio
from typing import Any

from .progress import time_left

__all__ = ["Receiver"]

# What comes beyond is left in the socket until it is asked for.
ENOUGH = 262_144


class Receiver(asyncio.Protocol):
    """Keeps what comes in until it is read, and wakes the one task that waits for it."""

    def __init__(self) -> None:
        self.transport: Any = None
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
        """Keep what came in; stop reading while that is much."""
        self._received += data
        if self._reading and len(self._received) >= ENOUGH:
            self._reading = False
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """Note that the server has ended."""
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that nothing more comes or goes, and why."""
        self._ended = self._writable = True
        self._problem = exc
        self._wake()

    def pause_writing(self) -> None:
        """Note that what was written has not left."""
        self._writable = False

    def resume_writing(self) -> None:
        """Note that most of it has."""
        self._writable = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(True)

    async def _something(self, timeout: float | None) -> None:
        waiter = self._waiter = self._loop.create_future()
        timer = self._loop.call_later(time_left(timeout), _give_up, waiter)
        try:
            if not await waiter:
                raise TimeoutError("timed out")
        finally:
            timer.cancel()
            self._waiter = None

    def has_something(self) -> bool:
        """Tell whether a read would not have to wait."""
        return self._ended or bool(self._received)

    async def read(self, max_bytes: int, timeout: float | None) -> bytes:
        """Read some bytes; none at the end.

        Raises:
            TimeoutError: Nothing came in time.
            OSError: The connection is lost.
        """
        # Also where there is no need to wait, a server that drips must meet the deadline.
        time_left(timeout)
        while not self.has_something():
            await self._something(timeout)
        data = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        # Before Python 3.11, TLS that has ended cannot be told to resume.
        if not self._reading and not self._received and not self._ended:
            self._reading = True
            self.transport.resume_reading()
        if not data and self._problem is not None:
            raise OSError(str(self._problem))
        return data

    async def until_written(self, timeout: float | None) -> None:
        """Wait until most of what was written has left, or the connection is lost.

        Raises:
            TimeoutError: That took too long.
        """
        while not self._writable:
            await self._something(timeout)


def _give_up(waiter: "asyncio.Future[bool]") -> None:
    if not waiter.done():
        waiter.set_result(False)
