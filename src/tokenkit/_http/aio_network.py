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
        self._closed = False

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
        self._closed = True
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> "_CountingStream":
        try:
            secured = await self._inner.start_tls(ssl_context, server_hostname, timeout)
        except self._core.ConnectError as error:
            await self._close()
            raise self._core.ConnectError(_root_text(error)) from error
        except BaseException:  # httpcore does not close what is cancelled here
            await self._close()
            raise
        return _CountingStream(secured, self._core)

    async def _close(self) -> None:
        with anyio.CancelScope(shield=True):
            await self._inner.aclose()

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return self._is_readable()
        return self._inner.get_extra_info(info)

    def _is_readable(self) -> bool:
        if self._closed:  # trio's stream would raise
            return True
        tls = self._inner.get_extra_info("ssl_object")
        return bool(self._inner.get_extra_info("is_readable")) or _holds_something(tls)


def _holds_something(tls: Any) -> bool:
    """Tell whether TLS has taken more off the socket than was read: its end, as a rule.

    A server's good-bye may come in one piece with its answer.
    """
    if tls is None:
        return False
    try:
        tls.read(1)
    except ssl.SSLError as error:
        return not isinstance(error, ssl.SSLWantReadError)
    return True


def _root_text(error: BaseException) -> str:
    """Return what the first error said; trio's own, which follow from it, say nothing."""
    while not str(error) and error.__cause__ is not None:
        error = error.__cause__
    return str(error)


class CountingBackend:
    """Opens connections that note when a request's bytes leave."""

    def __init__(self, family: Family, *, on_asyncio: bool) -> None:
        self._core = family.core
        # On trio, the layer of anyio before 4.16 loses connections that are cancelled.
        self._inner = family.core.AnyIOBackend() if on_asyncio else family.core.TrioBackend()
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
        try:
            stream = await self._inner.connect_tcp(
                host, port, timeout, local_address, socket_options
            )
        except UnicodeError as error:  # trio lets those of the name's encoding through
            raise self._core.ConnectError(str(error)) from error
        self._opened = _CountingStream(stream, self._core)
        return self._opened

    async def aclose(self) -> None:
        """Close what was opened, also if httpcore was stopped before it took it over."""
        if self._opened is not None:
            await self._opened.aclose()
