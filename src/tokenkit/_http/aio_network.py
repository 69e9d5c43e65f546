"""The async network below httpx's transports: the stock one, counting what leaves."""

# ruff: noqa: ASYNC109 - httpcore's interfaces take timeouts

import ssl
from collections.abc import Iterable
from typing import Any

import anyio
import httpcore

from .progress import PROGRESS

__all__ = ["CountingBackend"]


class _CountingStream(httpcore.AsyncNetworkStream):
    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        progress = PROGRESS.get()
        try:
            await self._inner.write(buffer, timeout)
        except httpcore.WriteError:
            progress.failed_to_write()
            raise
        progress.wrote()

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            secured = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:  # httpcore does not close what is cancelled here
            with anyio.CancelScope(shield=True):
                await self._inner.aclose()
            raise
        return _CountingStream(secured)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _stock_backend() -> httpcore.AsyncNetworkBackend:
    # httpcore's types leave open that anyio is missing; tokenkit depends on it.
    stock: Any = httpcore.AnyIOBackend
    backend: httpcore.AsyncNetworkBackend = stock()
    return backend


class CountingBackend(httpcore.AsyncNetworkBackend):
    """Opens connections that note when a request's bytes leave."""

    def __init__(self) -> None:
        self._inner = _stock_backend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a host."""
        stream = await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        return _CountingStream(stream)
