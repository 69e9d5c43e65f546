"""The streams below httpcore's async connections: what all share, and httpcore's own.

httpcore's own serve trio, and https proxies: asyncio has no TLS in TLS before Python 3.11.
"""

import asyncio
import ssl
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any

import anyio

from .connection import Route, Stream
from .network import PIECE, Attempts, Found, look_up, numeric
from .progress import PROGRESS

__all__ = ["AsyncBackend", "AsyncStream", "StockBackend", "running"]


class AsyncStream(Stream):
    """A stream below httpcore's connection, for any event loop."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Send what was written, and read some bytes."""
        if self._unsent:
            data, self._unsent = self._unsent, b""
            await self._send_all(data)
        if not self._hears_proxy:
            return self._received(await self._inner.read(max_bytes, timeout))
        data = b""
        while wanted := self._missing(data):
            if not (piece := await self._inner.read(wanted, timeout)):
                break
            data += piece
        self._replies += 1
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Take bytes to be sent."""
        self._unsent += buffer
        self._write_timeout = timeout

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "AsyncStream":
        """Upgrade to TLS; nothing may have arrived before."""
        try:
            self._begin_tls(server_hostname)
            self._inner = await self._secured(ssl_context, server_hostname, timeout)
        except BaseException:  # httpcore does not close it if it is cancelled here
            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise
        self._has_tls()
        return self

    @abstractmethod
    async def _send_all(self, data: bytes) -> None:
        """Send everything that was written, and record how far that got.

        A server may have refused the request before all of it was sent; its response can still be
        read.
        """
        ...

    @abstractmethod
    async def _secured(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None, timeout: float | None
    ) -> Any:
        """Return the stream above TLS."""
        ...

    @abstractmethod
    async def aclose(self) -> None:
        """Close the connection."""
        ...


def running() -> Any:
    """Return the running event loop, or trio's token for it."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        from trio.lowlevel import current_trio_token  # noqa: PLC0415 - trio is optional

        return current_trio_token()


async def _looked_up(host: str, port: int, seconds: float) -> Found | None:
    """Look up a name; return ``None`` if that takes too long."""
    answers: list[Found] = []
    arrived = anyio.Event()
    loop = running()
    call_soon = getattr(loop, "call_soon_threadsafe", None) or loop.run_sync_soon

    def deliver(found: Found) -> None:
        answers.append(found)
        with suppress(RuntimeError):  # the event loop may have ended meanwhile
            call_soon(arrived.set)

    if look_up(host, port, deliver) is not None:
        with anyio.move_on_after(seconds):
            await arrived.wait()
    return answers[0] if answers else None


class AsyncBackend(ABC):
    """Opens a connection within the exchange's deadline, the name lookup included."""

    keeps_deadline = False

    def __init__(self, route: Route) -> None:
        self._route = route
        self._opened: Any = None
        self.serves_once = route.layers > 1

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        **_: object,  # httpcore's options, which this package doesn't use
    ) -> Any:
        """Connect to the first address of a host that accepts."""
        core = self._route.core
        left = self._route.begin(timeout)
        until = time.monotonic() + left
        attempts = Attempts(core, host, await _looked_up(host, port, left), until)
        for address, seconds in attempts:
            try:
                self._opened = await self._connect(address, seconds)
            except (core.ConnectTimeout, core.ConnectError) as error:  # noqa: PERF203 - a few addresses
                attempts.failed(address, error)
            else:
                return self._opened
        raise attempts.problem

    @abstractmethod
    async def _connect(self, address: Any, seconds: float) -> Any:
        """Connect to one address."""
        ...

    async def aclose(self) -> None:
        """Close what was opened, even if httpcore was stopped before it took it over."""
        if self._opened is not None:
            await self._opened.aclose()


class StockStream(AsyncStream):
    """httpcore's own stream, which records what was sent and knows whether TLS holds any data."""

    _closed = False

    async def _send_all(self, data: bytes) -> None:
        try:
            # In pieces: once one has been sent, a failure no longer means that nothing was.
            for start in range(0, len(data), PIECE):
                await self._inner.write(data[start : start + PIECE], self._write_timeout)
                self._note_written()
        except self._route.core.WriteError:
            PROGRESS.get().failed_to_write()
            return
        except BaseException:  # too late, or cancelled: a part of it may have been sent
            self._note_written()
            raise

    async def _secured(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None, timeout: float | None
    ) -> Any:
        return await self._inner.start_tls(ssl_context, server_hostname, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        self._closed = True
        await self._inner.aclose()

    def _has_input(self) -> bool:
        # On a closed connection, trio's stream would raise.
        if self._closed or self._inner.get_extra_info("is_readable"):
            return True
        tls = self._inner.get_extra_info("ssl_object")
        return tls is not None and _holds_something(tls)


def _holds_something(tls: Any) -> bool:
    """Return whether TLS has read more from the socket than it returned: usually its end.

    A server may send its closing message together with its response.
    """
    try:
        tls.read(1)
    except ssl.SSLError as error:
        return not isinstance(error, ssl.SSLWantReadError)
    return True


class StockBackend(AsyncBackend):
    """httpcore's own network, with the addresses that this package looked up."""

    def __init__(self, route: Route) -> None:
        super().__init__(route)
        # On trio, the layer of anyio before 4.16 loses connections that are cancelled.
        on_asyncio = hasattr(running(), "call_soon")
        self._inner = route.core.AnyIOBackend() if on_asyncio else route.core.TrioBackend()

    async def _connect(self, address: Any, seconds: float) -> StockStream:
        return StockStream(await self._inner.connect_tcp(*numeric(address), seconds), self._route)
