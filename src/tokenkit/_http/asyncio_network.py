"""The network below httpx's async transports on asyncio.

httpcore would use anyio's streams here, which make each call take longer. As in the
sync network, the deadline holds for every step, and what leaves is noted.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import anyio

from .addresses import (
    Lookup,
    look_up,
    lookup_took_too_long,
    timed_addresses,
)
from .family import Family
from .progress import PROGRESS, time_left
from .readable import is_readable
from .receiver import Receiver

__all__ = ["AsyncioBackend", "AsyncioStream"]

# What one TLS record holds: it is sent as a whole.
ONE_RECORD = 16_384


class AsyncioStream:
    """A connection whose every step ends by the exchange's deadline.

    What is written leaves with the next read: httpcore writes head and body one after the
    other, and two pieces take longer than one.
    """

    def __init__(self, receiver: Receiver, core: Any) -> None:
        self._receiver = receiver
        # TLS above it tells of a failed write in the event loop's next rounds only.
        self._on_socket = receiver.transport
        self._core = core
        self._unsent = b""
        self._write_timeout: float | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Send what was written, and read some bytes."""
        if self._unsent:
            await self._send_all()
        try:
            data = await self._receiver.read(max_bytes, timeout)
        except TimeoutError as error:
            raise self._core.ReadTimeout(str(error)) from error
        except OSError as error:
            raise self._core.ReadError(str(error)) from error
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Take bytes to be sent."""
        self._unsent += buffer
        self._write_timeout = timeout

    async def _send_all(self) -> None:
        """Send all that was written, and note how far that came.

        A server may have refused the request before it was sent; what it answered can be read
        all the same.
        """
        progress, data, self._unsent = PROGRESS.get(), self._unsent, b""
        if self._receiver.transport.is_closing():
            progress.failed_to_write()
            return
        self._receiver.transport.write(data)
        # asyncio tries to send at once, and closes where that fails.
        if self._on_socket.is_closing() and len(data) <= ONE_RECORD:
            progress.failed_to_write()
            return
        progress.wrote()
        try:
            await self._receiver.until_written(self._write_timeout)
        except TimeoutError as error:
            raise self._core.WriteTimeout(str(error)) from error

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "AsyncioStream":
        """Upgrade to TLS."""
        loop = asyncio.get_running_loop()
        if self._receiver.transport.is_closing():  # nobody would tell the handshake
            raise self._core.ConnectError("the server closed the connection before TLS")
        try:
            with anyio.fail_after(time_left(timeout)):
                secured = await loop.start_tls(
                    self._receiver.transport,
                    self._receiver,
                    ssl_context,
                    server_hostname=server_hostname,
                )
        except TimeoutError as error:
            self.abort()
            raise self._core.ConnectTimeout(str(error)) from error
        except OSError as error:
            self.abort()
            raise self._core.ConnectError(str(error)) from error
        except BaseException:
            self.abort()
            raise
        self._receiver.transport = secured
        return self

    async def aclose(self) -> None:
        """Close the connection."""
        self.abort()
        # The event loop closes the socket in its next round.
        await asyncio.sleep(0)

    def abort(self) -> None:
        """Close the connection without waiting for anybody; a TLS server is told."""
        self._receiver.transport.close()
        self._receiver.transport.abort()

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks about a connection."""
        match info:
            case "is_readable":
                sock = self._receiver.transport.get_extra_info("socket")
                # A transport with TLS forgets the socket a moment before it tells of the end.
                return self._receiver.has_something() or sock is None or is_readable(sock)
            case "ssl_object":
                return self._receiver.transport.get_extra_info("ssl_object")
            case _:
                return None


async def _addresses(host: str, port: int, seconds: float) -> Lookup:
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Lookup] = loop.create_future()

    def deliver(result: Lookup) -> None:
        if not found.done():
            found.set_result(result)

    def deliver_soon(result: Lookup) -> None:
        with suppress(RuntimeError):  # the event loop may have ended meanwhile
            loop.call_soon_threadsafe(deliver, result)

    look_up(host, port, deliver_soon)
    with anyio.move_on_after(seconds):
        return await found
    return lookup_took_too_long(host)


async def _connected_socket(host: str, port: int, seconds: float) -> socket.socket:
    end = time.monotonic() + seconds
    problem = OSError(f"{host} has no address")
    found = await _addresses(host, port, seconds)
    for share, address in timed_addresses(found, end):
        try:
            return await _connected_to(address, share)
        except OSError as error:  # noqa: PERF203 - of a few addresses at most
            problem = error
    raise problem


async def _connected_to(address: Any, seconds: float) -> socket.socket:
    family, kind, protocol, _, where = address
    sock = socket.socket(family, kind, protocol)
    try:
        sock.settimeout(0)
        with anyio.fail_after(seconds):
            await asyncio.get_running_loop().sock_connect(sock, where)
    except BaseException:
        sock.close()
        raise
    return sock


async def _connect(host: str, port: int, seconds: float, options: Iterable[Any]) -> Receiver:
    sock = await _connected_socket(host, port, seconds)
    try:
        for option in options:
            sock.setsockopt(*option)
        _, receiver = await asyncio.get_running_loop().create_connection(Receiver, sock=sock)
    except BaseException:
        sock.close()
        raise
    return receiver


class AsyncioBackend:
    """Opens connections within the exchange's deadline, the name lookup included."""

    def __init__(self, family: Family) -> None:
        self._core = family.core
        self._opened: AsyncioStream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - only a transport of ours asks, without
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncioStream:
        """Connect to the first address of a host that accepts."""
        options = (*(socket_options or ()), (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1))
        try:
            receiver = await _connect(host, port, time_left(timeout), options)
        except TimeoutError as error:
            raise self._core.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise self._core.ConnectError(str(error)) from error
        self._opened = AsyncioStream(receiver, self._core)
        return self._opened

    async def aclose(self) -> None:
        """Close what was opened, also if httpcore was stopped before it took it over."""
        if self._opened is not None:
            await self._opened.aclose()
