"""The network below httpcore's async connections on trio, and behind https proxies: its own.

asyncio has no TLS in TLS before Python 3.11; httpcore's network for anyio has.
"""

import ssl
from typing import Any

import anyio

from .asyncio_stream import AsyncBackend, running
from .connection import Route, Stream
from .network import numeric
from .progress import PROGRESS

__all__ = ["StockBackend"]


class StockStream(Stream):
    """A stream of httpcore's, which notes what leaves, and tells of what TLS holds as well."""

    def __init__(self, inner: Any, route: Route) -> None:
        super().__init__(inner, route)
        self._closed = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read some bytes."""
        if self._replies is not None:
            if self._replies.held:
                return self._replies.pop()
            max_bytes = self._replies.limit(max_bytes)
        return self._received(await self._inner.read(max_bytes, timeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes, and note whether they left."""
        try:
            await self._inner.write(buffer, timeout)
        except self._route.core.WriteError:
            PROGRESS.get().failed_to_write()
            raise
        except BaseException:  # too late, or cancelled: a part of it may have left
            self._note_written()
            raise
        self._note_written()

    async def aclose(self) -> None:
        """Close the connection."""
        self._closed = True
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "StockStream":
        """Upgrade to TLS; nothing may have arrived before."""
        core = self._route.core
        try:
            self._check_before_tls(readable=self._has_input())
            (server_hostname or "").encode("idna")  # not all versions of trio and anyio check it
            self._inner = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        except UnicodeError as error:  # of a name that cannot be one
            await self._close()
            raise core.ConnectError(str(error)) from error
        except BaseException:  # httpcore does not close what is cancelled here
            await self._close()
            raise
        self._has_tls()
        return self

    async def _close(self) -> None:
        with anyio.CancelScope(shield=True):
            await self._inner.aclose()

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks about a connection."""
        if info == "is_readable":
            # What two layers of TLS hold nobody can tell.
            return self._layers > 1 or self._has_input()
        return self._inner.get_extra_info(info)

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
