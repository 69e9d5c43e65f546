"""Sending requests for async clients, on asyncio and trio."""

import functools
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

import anyio
import attrs
from anyio.lowlevel import RunVar

from .._call import Request, Response
from .._effects import Fault, Timeouts
from .aio_network import CountingBackend
from .body import BoundedBody
from .exchange import (
    deadline_fault,
    fault_of,
    head_of,
    httpx_request,
    stream_with_left_over,
)
from .family import Family
from .network import use_network
from .own import OwnSettings
from .progress import PROGRESS, Progress

if TYPE_CHECKING:
    import httpx

__all__ = ["AsyncCallersClient", "AsyncCallersTransport", "AsyncOwnConnections"]

CHUNKS_IN_A_READ = 16_384

Handle: TypeAlias = "Callable[[httpx.Request], Awaitable[httpx.Response]]"
Discard: TypeAlias = Callable[[object], Awaitable[None]]


async def _exchange(
    family: Family,
    handle: Handle,
    request: Request,
    timeouts: Timeouts,
    left: float,
    defaults: "httpx.Headers | None" = None,
    discard: Discard | None = None,
) -> Response | Fault:
    outgoing = httpx_request(family, request, timeouts, left, defaults)
    progress = Progress(left)
    previous = PROGRESS.set(progress)
    try:
        with anyio.move_on_after(left):
            try:
                return await _receive(family, handle, outgoing, request, progress)
            except BaseException:  # the deadline, or the caller, cancels
                if discard is not None:
                    with anyio.CancelScope(shield=True):
                        await discard(progress.stream)
                raise
        return deadline_fault(progress.partial)
    finally:
        PROGRESS.reset(previous)


async def _receive(
    family: Family,
    handle: Handle,
    outgoing: "httpx.Request",
    request: Request,
    progress: Progress,
) -> Response | Fault:
    try:
        response = await handle(outgoing)
        partial = head_of(response)
    except Exception as error:  # noqa: BLE001 - a caller's transport may raise anything
        return fault_of(family, error, request, progress, None)
    stream: Any = response.stream  # httpx types it as sync or async
    chunks: AsyncIterator[bytes] = aiter(stream)
    body: BoundedBody | None = None
    try:
        body = BoundedBody(partial.headers)
        async for chunk in chunks:
            body.feed(chunk)
        body.finish()
        if (tainted := stream_with_left_over(response)) is not None:
            await tainted.aclose()
        return attrs.evolve(partial, body=body.bytes())
    except Exception as error:  # noqa: BLE001 - likewise
        partial = attrs.evolve(partial, body=b"" if body is None else body.bytes())
        return fault_of(family, error, request, progress, partial)
    except BaseException:  # the deadline, or the caller, cancels
        progress.partial = attrs.evolve(partial, body=b"" if body is None else body.bytes())
        raise
    finally:
        await _finish(response, chunks)


async def _finish(response: "httpx.Response", chunks: Any) -> None:
    """Close an answer, and end its iterator, which would else be left to the event loop.

    Behind httpx's iterator stand httpcore's, which only end by being exhausted; once closed,
    they hold no more than one read. A caller's transport may go on for ever.
    """
    with suppress(Exception):
        await response.aclose()
    with suppress(Exception):
        for _ in range(CHUNKS_IN_A_READ):
            await anext(chunks)
        await chunks.aclose()


@attrs.frozen
class _LoopConnections:
    """The connections of one event loop in one process, and what closes them at its end."""

    transport: "httpx.AsyncHTTPTransport"
    keeper: AsyncGenerator[None, None]
    process: int


_OF_LOOP: RunVar[WeakKeyDictionary["AsyncOwnConnections", _LoopConnections]] = RunVar(
    "tokenkit_connections"
)
# A forked child must neither use nor close what its parent's event loop had opened.
_INHERITED: list[_LoopConnections] = []


def _of_this_loop() -> WeakKeyDictionary["AsyncOwnConnections", _LoopConnections]:
    try:
        return _OF_LOOP.get()
    except LookupError:
        _OF_LOOP.set(WeakKeyDictionary())
    return _OF_LOOP.get()


async def _discard(transport: "httpx.AsyncHTTPTransport", stream: object) -> None:
    """Close the connection of a cancelled exchange.

    httpcore keeps what is cancelled between its steps, neither idle nor closed, for ever.
    """
    connections: list[Any] = list(vars(transport)["_pool"].connections)
    for connection in connections:
        part = connection
        while part is not None:
            if getattr(part, "_network_stream", None) is stream:
                await connection.aclose()
            part = getattr(part, "_connection", None)


async def _keep(transport: "httpx.AsyncHTTPTransport") -> AsyncGenerator[None, None]:
    # An event loop closes its async generators when it ends, while it still runs: the only
    # moment at which connections of that loop can be closed properly.
    try:
        yield
    finally:
        await transport.aclose()


class AsyncOwnConnections:
    """Connections that a client opens for itself: each event loop has its own.

    Args:
        settings: How to open them.
    """

    def __init__(self, settings: OwnSettings) -> None:
        self._settings = settings

    async def send(self, request: Request, timeouts: Timeouts, left: float) -> Response | Fault:
        """Send a request and read the answer, in ``left`` seconds."""
        transport = await self._open()
        handle = transport.handle_async_request
        discard = functools.partial(_discard, transport)
        family = self._settings.family
        return await _exchange(family, handle, request, timeouts, left, discard=discard)

    async def aclose(self) -> None:
        """Close what was opened in the running loop; other loops close theirs when they end."""
        of_loop = _of_this_loop()
        connections = of_loop.get(self)
        if connections is not None and connections.process == os.getpid():
            del of_loop[self]
            await connections.keeper.aclose()

    async def _open(self) -> "httpx.AsyncHTTPTransport":
        of_loop = _of_this_loop()
        connections = of_loop.get(self)
        if connections is not None and connections.process != os.getpid():
            _INHERITED.append(connections)
            connections = None
        if connections is None:
            transport = self._new_transport()
            connections = _LoopConnections(transport, _keep(transport), os.getpid())
            of_loop[self] = connections
            await anext(connections.keeper)
        return connections.transport

    def _new_transport(self) -> "httpx.AsyncHTTPTransport":
        transport: httpx.AsyncHTTPTransport = self._settings.transport("AsyncHTTPTransport")
        use_network(transport, CountingBackend(self._settings.family))
        return transport


class AsyncCallersTransport:
    """A transport of the caller's, closed with the client, as httpx does."""

    def __init__(self, family: Family, transport: "httpx.AsyncBaseTransport") -> None:
        self._family = family
        self._transport = transport

    async def send(self, request: Request, timeouts: Timeouts, left: float) -> Response | Fault:
        """Send a request and read the answer, in ``left`` seconds."""
        handle = self._transport.handle_async_request
        return await _exchange(self._family, handle, request, timeouts, left)

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()


class AsyncCallersClient:
    """An ``httpx.AsyncClient`` of the caller's, which is never closed."""

    def __init__(self, family: Family, client: "httpx.AsyncClient") -> None:
        self._family = family
        self._client = client

    async def send(self, request: Request, timeouts: Timeouts, left: float) -> Response | Fault:
        """Send a request and read the answer, in ``left`` seconds.

        The client's auth, redirects and default parameters stay out: they would change what
        was signed.
        """
        defaults = self._client.headers
        return await _exchange(self._family, self._handle, request, timeouts, left, defaults)

    async def _handle(self, request: "httpx.Request") -> "httpx.Response":
        return await self._client.send(request, stream=True, auth=None, follow_redirects=False)

    async def aclose(self) -> None:
        """Leave the client open."""
