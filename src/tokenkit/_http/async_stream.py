"""The streams below httpcore's async connections, and TLS above them."""

import ssl
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import anyio

from .._policy.event_loop import running_loop, threadsafe, time_limit
from .connection import Route, Stream, time_left
from .network import PIECE, Attempts, Found, look_up, numeric
from .progress import PROGRESS

__all__ = ["AsyncBackend", "AsyncStream", "TLSStream", "connecting"]

T = TypeVar("T")

RECORD_HEADER = 5
READ_SIZE = 65_536


class TLSStream:
    """TLS above another async stream.

    Unlike the event loops' own, it knows whether it holds a part of a record. The rest may be
    another request's response, and come after the next request.
    """

    def __init__(
        self, inner: Any, core: Any, context: ssl.SSLContext, server_hostname: str | None
    ) -> None:
        self._inner = inner
        self._core = core
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._record = bytearray()  # the last one, if it is unfinished
        self.tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_hostname
        )

    async def handshake(self) -> None:
        """Agree on keys, and verify the server's certificate."""
        try:
            await self._perform(self.tls.do_handshake, None)
        except ssl.SSLError:
            with suppress(self._core.WriteError):  # tell the server why
                await self._flush(None)
            raise

    async def read(self, max_bytes: int, timeout: float | None) -> bytes:
        """Read some bytes; none at the end."""
        try:
            return await self._perform(partial(self.tls.read, max_bytes), timeout)
        except ssl.SSLEOFError:  # many servers end without TLS's own good-bye
            return b""
        except ssl.SSLError as error:
            raise self._core.ReadError(str(error)) from error

    async def write(self, data: bytes, timeout: float | None) -> None:
        """Send some bytes."""
        try:
            self.tls.write(data)
        except ssl.SSLError as error:
            raise self._core.WriteError(str(error)) from error
        await self._flush(timeout)

    async def _perform(self, step: Callable[[], T], timeout: float | None) -> T:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                await self._flush(timeout)
            else:
                await self._flush(timeout)
                return result
            data = await self._inner.read(READ_SIZE, timeout)
            self.feed(data)
            if not data:
                self._incoming.write_eof()

    def feed(self, data: bytes) -> None:
        """Take data that the connection has received, if any."""
        if not data:
            return
        self._incoming.write(data)
        self._record += data
        # A record's length is at the end of its header.
        while len(self._record) >= (
            size := RECORD_HEADER + int.from_bytes(self._record[3:RECORD_HEADER], "big")
        ):
            del self._record[:size]

    async def _flush(self, timeout: float | None) -> None:
        if self._outgoing.pending:
            await self._inner.write(self._outgoing.read(), timeout)

    def holds_something(self) -> bool:
        """Return whether anything has been received but not read: usually the end."""
        try:
            self.tls.read(1)
        except ssl.SSLWantReadError:
            return bool(self._record)
        except ssl.SSLError:
            return True
        return True

    def good_bye(self) -> bytes:
        """Return the message that ends TLS."""
        with suppress(ssl.SSLError):  # the server's own good-bye is still to come
            self.tls.unwrap()
        return self._outgoing.read()


@contextmanager
def connecting(core: Any) -> Generator[None, None, None]:
    """Raise errors as those of connecting."""
    try:
        yield
    except (TimeoutError, core.ReadTimeout, core.WriteTimeout) as error:
        raise core.ConnectTimeout(str(error)) from error
    except (OSError, core.ReadError, core.WriteError) as error:
        raise core.ConnectError(str(error)) from error


class AsyncStream(Stream):
    """A stream below httpcore's connection, for any event loop.

    Args:
        inner: The socket's own stream: ours on asyncio, httpcore's on trio.
        route: How the connection reaches its origin.
    """

    def __init__(self, inner: Any, route: Route) -> None:
        super().__init__(inner, route)
        self._top = inner  # the last layer of TLS, if there is one

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Send what was written, and read some bytes."""
        if self._unsent:
            data, self._unsent = self._unsent, b""
            await self._send_all(data)
        if not self._hears_proxy:
            return self._received(await self._top.read(max_bytes, timeout))
        data = b""
        while wanted := self._missing(data):
            if not (piece := await self._top.read(wanted, timeout)):
                break
            data += piece
        self._replies += 1
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Take bytes to be sent."""
        self._unsent += buffer
        self._write_timeout = timeout

    async def _send_all(self, data: bytes) -> None:
        """Send everything that was written, as the sync stream does."""
        self._check_unread()
        try:
            # In pieces: once one has been sent, a failure no longer means that nothing was.
            for start in range(0, len(data), PIECE):
                await self._top.write(data[start : start + PIECE], self._write_timeout)
                self._note_written()
        except self._route.core.WriteError:
            PROGRESS.get().failed_to_write()
        except BaseException:  # too late, or cancelled: a part of it may have been sent
            self._note_written()
            raise

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "AsyncStream":
        """Upgrade to TLS; nothing may have arrived before."""
        core = self._route.core
        try:
            self._begin_tls(server_hostname)
            layer = TLSStream(self._top, core, ssl_context, server_hostname)
            with connecting(core):
                async with time_limit(time_left(timeout)):
                    await layer.handshake()
        except BaseException:  # httpcore does not close it if it is cancelled here
            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise
        self._top = layer
        self._has_tls()
        return self

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks about a connection."""
        if info == "ssl_object":
            return getattr(self._top, "tls", None)
        return super().get_extra_info(info)

    def _has_input(self) -> bool:
        if self._inner.get_extra_info("is_readable"):
            return True
        return isinstance(self._top, TLSStream) and self._top.holds_something()

    async def aclose(self) -> None:
        """Close the connection."""
        await self._inner.aclose()


async def _looked_up(host: str, port: int, seconds: float) -> list[Found]:
    """Look up a name; return no answer if that takes too long."""
    answers: list[Found] = []
    arrived = anyio.Event()
    call_soon = threadsafe(running_loop())

    def deliver(found: Found) -> None:
        answers.append(found)
        with suppress(RuntimeError):  # the event loop may have ended meanwhile
            call_soon(arrived.set)

    if look_up(host, port, deliver) is not None:
        with suppress(TimeoutError):
            async with time_limit(seconds):
                await arrived.wait()
    return answers


class AsyncBackend:
    """Opens a connection within the exchange's deadline, the name lookup included.

    This one uses httpcore's own network for trio.
    """

    keeps_deadline = False

    def __init__(self, route: Route) -> None:
        self._route = route
        self._opened: AsyncStream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        **_: object,  # httpcore's options, which this package doesn't use
    ) -> AsyncStream:
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

    async def _connect(self, address: Any, seconds: float) -> AsyncStream:
        backend = self._route.core.TrioBackend()
        return AsyncStream(await backend.connect_tcp(*numeric(address), seconds), self._route)

    async def aclose(self) -> None:
        """Close what was opened, even if httpcore was stopped before it took it over."""
        if self._opened is not None:
            await self._opened.aclose()
