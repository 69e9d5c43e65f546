"""The network below httpcore's async connections on trio, and behind https proxies: its own.

asyncio has no TLS in TLS before Python 3.11; httpcore's network for anyio has.
"""

import ssl
from typing import Any

from .asyncio_stream import AsyncBackend, AsyncStream, running
from .connection import Route
from .network import numeric
from .progress import PROGRESS

__all__ = ["StockBackend"]


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
