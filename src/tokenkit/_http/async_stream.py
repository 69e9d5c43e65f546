"""The streams below httpcore's async connections: what all have in common, and its own.

Its own serve on trio and behind https proxies: asyncio has no TLS in TLS before Python 3.11.
"""

import asyncio
import ssl
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Any

import anyio

from .connection import Route, Stream
from .network import Attempts, Found, look_up, numeric
from .progress import PROGRESS

__all__ = ["AsyncBackend", "AsyncStream", "StockBackend", "running"]


class AsyncStream(Stream):
    """A connection below httpcore's, whatever event loop it is for."""

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
        except BaseException:  # httpcore does not close what is cancelled here
            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise
        self._has_tls()
        return self

    @abstractmethod
    async def _send_all(self, data: bytes) -> None:
        """Send all that was written, and note how far that came.

        A server may have refused the request before it was sent; what it answered can be read
        all the same.
        """
        ...

    @abstractmethod
    async def _secured(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None, timeout: float | None
    ) -> Any:
        """Return what is above TLS."""
        ...

    @abstractmethod
    async def aclose(self) -> None:
        """Close the connection."""
        ...


def running() -> Any:
    """Return the running event loop, or what stands for it on trio."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        from trio.lowlevel import current_trio_token  # noqa: PLC0415 - trio is not for everybody

        return current_trio_token()


async def _looked_up(host: str, port: int, seconds: float) -> Found | None:
    """Look a name up; ``None`` if that takes longer."""
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
        **_: object,  # what no pool of ours asks for
    ) -> Any:
        """Connect to the first address of a host that accepts."""
        core = self._route.core
        left = self._route.begin(timeout)
        until = time.monotonic() + left
        attempts = Attempts(core, host, await _looked_up(host, port, left), until)
        for address, seconds in attempts:
            try:
                self._opened = await self._connect(address, seconds)
            except (core.ConnectTimeout, core.ConnectError) as error:  # noqa: PERF203 - of a few addresses at most
                attempts.failed(address, error)
            else:
                return self._opened
        raise attempts.problem

    @abstractmethod
    async def _connect(self, address: Any, seconds: float) -> Any:
        """Connect to one address."""
        ...

    async def aclose(self) -> None:
        """Close what was opened, also if httpcore was stopped before it took it over."""
        if self._opened is not None:
            await self._opened.aclose()


class StockStream(AsyncStream):
    """A stream of httpcore's, which notes what leaves, and tells of what TLS holds as well."""

    _closed = False

    async def _send_all(self, data: bytes) -> None:
        try:
            await self._inner.write(data, self._write_timeout)
        except self._route.core.WriteError:
            PROGRESS.get().failed_to_write()
            return
        except BaseException:  # too late, or cancelled: a part of it may have left
            self._note_written()
            raise
        self._note_written()

    async def _secured(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None, timeout: float | None
    ) -> Any:
        return await self._inner.start_tls(ssl_context, server_hostname, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        self._closed = True
        await self._inner.aclose()

    def _has_input(self) -> bool:
        # Of a closed connection, trio's stream would raise.
        if self._closed or self._inner.get_extra_info("is_readable"):
            return True
        tls = self._inner.get_extra_info("ssl_object")
        return tls is not None and _holds_something(tls)


def _holds_something(tls: Any) -> bool:
    """Return whether TLS has taken more off the socket than was read: its end, as a rule.

    A server's good-bye may come in one piece with its response.
    """
    try:
        tls.read(1)
    except ssl.SSLError as error:
        return not isinstance(error, ssl.SSLWantReadError)
    return True


class StockBackend(AsyncBackend):
    """httpcore's own network, by the addresses that a lookup of ours has found."""

    def __init__(self, route: Route) -> None:
        super().__init__(route)
        # On trio, the layer of anyio before 4.16 loses connections that are cancelled.
        on_asyncio = hasattr(running(), "call_soon")
        self._inner = route.core.AnyIOBackend() if on_asyncio else route.core.TrioBackend()

    async def _connect(self, address: Any, seconds: float) -> StockStream:
        return StockStream(await self._inner.connect_tcp(*numeric(address), seconds), self._route)
