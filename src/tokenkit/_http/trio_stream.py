"""The network below httpcore's async connections on trio, and behind https proxies: its own.

asyncio has no TLS in TLS before Python 3.11; httpcore's network for anyio has.
"""

import asyncio
import ssl
import time
from collections.abc import Iterable
from typing import Any

import anyio

from .asyncio_stream import looked_up
from .connection import ProxyReplies, Route
from .network import Attempts, numeric
from .progress import PROGRESS, time_left

__all__ = ["StockBackend"]


class StockStream:
    """A stream of httpcore's, which notes what leaves, and tells of what TLS holds as well."""

    def __init__(self, inner: Any, route: Route) -> None:
        self._inner = inner
        self._route = route
        self._replies = ProxyReplies(route.core, route.proxy) if route.proxy else None
        self._layers = 0
        self._closed = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read some bytes."""
        replies = self._replies
        if replies is not None:
            if replies.held:
                return replies.pop()
            max_bytes = replies.limit(max_bytes)
        data: bytes = await self._inner.read(max_bytes, timeout)
        if replies is not None:
            return replies.take(data)
        if not data:
            PROGRESS.get().ended = True
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes, and note whether they left."""
        progress = PROGRESS.get()
        try:
            await self._inner.write(buffer, timeout)
        except self._route.core.WriteError:
            progress.failed_to_write()
            raise
        except self._route.core.WriteTimeout:  # a part of it may have left
            if self._layers == self._route.layers:
                progress.wrote()
            raise
        if self._layers == self._route.layers:
            progress.wrote()

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
            self._route.check_before_tls(self._layers, self._replies, readable=self._has_input())
            self._inner = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        except UnicodeError as error:  # of a name that cannot be one
            await self._close()
            raise core.ConnectError(str(error)) from error
        except BaseException:  # httpcore does not close what is cancelled here
            await self._close()
            raise
        self._layers += 1
        if self._layers == self._route.layers:
            self._replies = None
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


class StockBackend:
    """httpcore's own network, by the addresses that a lookup of ours has found.

    Args:
        route: Where the connection goes.
        on_asyncio: Whether asyncio runs, and not trio.
    """

    def __init__(self, route: Route, *, on_asyncio: bool) -> None:
        self._route = route
        self._on_asyncio = on_asyncio
        # On trio, the layer of anyio before 4.16 loses connections that are cancelled.
        self._inner = route.core.AnyIOBackend() if on_asyncio else route.core.TrioBackend()
        self._opened: StockStream | None = None
        self.serves_once = route.layers > 1

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - no pool of ours asks for one
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - likewise
    ) -> StockStream:
        """Connect to the first address of a host that accepts."""
        core = self._route.core
        self._route.begin()
        left = time_left(timeout, core.ConnectTimeout)
        until = time.monotonic() + left
        found = await looked_up(host, port, left, _call_soon(on_asyncio=self._on_asyncio))
        attempts = Attempts(core, host, found, until)
        for address, seconds in attempts:
            try:
                stream = await self._inner.connect_tcp(*numeric(address), seconds)
            except core.ConnectTimeout as error:  # noqa: PERF203 - of a few addresses at most
                attempts.problem = error
            except core.ConnectError as error:
                attempts.refused(address, error)
            else:
                self._opened = StockStream(stream, self._route)
                return self._opened
        raise attempts.problem

    async def aclose(self) -> None:
        """Close what was opened, also if httpcore was stopped before it took it over."""
        if self._opened is not None:
            await self._opened.aclose()


def _call_soon(*, on_asyncio: bool) -> Any:
    if on_asyncio:
        return asyncio.get_running_loop().call_soon_threadsafe
    from trio.lowlevel import current_trio_token  # noqa: PLC0415 - trio is not for everybody

    return current_trio_token().run_sync_soon
