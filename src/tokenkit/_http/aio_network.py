"""The async network below httpx's transports: the stock one, counting what leaves."""

import ssl
from collections.abc import Iterable
from typing import Any

import anyio

from .family import Family
from .progress import PROGRESS

__all__ = ["CountingBackend"]


class _CountingStream:
    def __init__(self, inner: Any, core: Any) -> None:
        self._inner = inner
        self._core = core

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        received: bytes = await self._inner.read(max_bytes, timeout)
        return received

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        progress = PROGRESS.get()
        try:
            await self._inner.write(buffer, timeout)
        except self._core.WriteError:
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
    ) -> "_CountingStream":
        try:
            secured = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:  # httpcore does not close what is cancelled here
            with anyio.CancelScope(shield=True):
                await self._inner.aclose()
            raise
        return _CountingStream(secured, self._core)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class CountingBackend:
    """Opens connections that note when a request's bytes leave."""

    def __init__(self, family: Family) -> None:
        self._core = family.core
        self._inner = family.core.AnyIOBackend()
        self._opened: _CountingStream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> _CountingStream:
        """Connect to a host."""
        stream = await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        self._opened = _CountingStream(stream, self._core)
        return self._opened

    async def aclose(self) -> None:
        """Close what was opened, also if httpcore was stopped before it took it over."""
        if self._opened is not None:
            await self._opened.aclose()
