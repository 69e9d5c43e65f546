"""Sending requests for async clients, on asyncio and trio."""

import os
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

import anyio
import attrs
import httpx
from anyio.lowlevel import RunVar

from .._call import Request, Response
from .._effects import Fault, Timeouts
from .aio_network import CountingBackend
from .body import BoundedBody
from .exchange import deadline_fault, fault_of, head_of, httpx_request
from .network import use_network
from .progress import PROGRESS, Progress
from .sync import KEEPALIVE, MAX_CONNECTIONS
from .tls import context_for

__all__ = ["AsyncCallersClient", "AsyncCallersTransport", "AsyncOwnConnections"]

CHUNKS_IN_A_READ = 16_384

Handle = Callable[[httpx.Request], Awaitable[httpx.Response]]


async def _exchange(
    handle: Handle,
    request: Request,
    timeouts: Timeouts,
    left: float,
    defaults: httpx.Headers | None = None,
) -> Response | Fault:
    outgoing = httpx_request(request, timeouts, left, defaults)
    progress = Progress(left)
    previous = PROGRESS.set(progress)
    try:
        with anyio.move_on_after(left):
            return await _receive(handle, outgoing, request, progress)
        return deadline_fault(progress.partial)
    finally:
        PROGRESS.reset(previous)


async def _receive(
    handle: Handle, outgoing: httpx.Request, request: Request, progress: Progress
) -> Response | Fault:
    try:
        response = await handle(outgoing)
        partial = head_of(response)
    except Exception as error:  # noqa: BLE001 - a caller's transport may raise anything
        return fault_of(error, request, progress, None)
    stream: Any = response.stream  # httpx types it as sync or async; an async transport's is async
    chunks: AsyncIterator[bytes] = aiter(stream)
    body: BoundedBody | None = None
    try:
        body = BoundedBody(partial.headers)
        async for chunk in chunks:
            body.feed(chunk)
        body.finish()
        return attrs.evolve(partial, body=body.bytes())
    except Exception as error:  # noqa: BLE001 - likewise
        partial = attrs.evolve(partial, body=b"" if body is None else body.bytes())
        return fault_of(error, request, progress, partial)
    except BaseException:  # the deadline, or the caller, cancels
        progress.partial = attrs.evolve(partial, body=b"" if body is None else body.bytes())
        raise
    finally:
        await _finish(response, chunks)


async def _finish(response: httpx.Response, chunks: Any) -> None:
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

    transport: httpx.AsyncHTTPTransport
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


async def _keep(transport: httpx.AsyncHTTPTransport) -> AsyncGenerator[None, None]:
    # An event loop closes its async generators when it ends, while it still runs: the only
    # moment at which connections of that loop can be closed properly.
    try:
        yield
    finally:
        await transport.aclose()


class AsyncOwnConnections:
    """Connections that a client opens for itself: each event loop has its own.

    Args:
        origin: Scheme, host and port that they go to.
        ssl_context: The caller's TLS settings.
    """

    def __init__(self, origin: str, ssl_context: ssl.SSLContext | None) -> None:
        self._origin = origin
        self._ssl_context = ssl_context

    async def send(self, request: Request, timeouts: Timeouts, left: float) -> Response | Fault:
        """Send a request and read the answer, in ``left`` seconds."""
        transport = await self._open()
        return await _exchange(transport.handle_async_request, request, timeouts, left)

    async def aclose(self) -> None:
        """Close what was opened in the running loop; other loops close theirs when they end."""
        of_loop = _of_this_loop()
        connections = of_loop.get(self)
        if connections is not None and connections.process == os.getpid():
            del of_loop[self]
            await connections.keeper.aclose()

    async def _open(self) -> httpx.AsyncHTTPTransport:
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

    def _new_transport(self) -> httpx.AsyncHTTPTransport:
        transport = httpx.AsyncHTTPTransport(
            verify=self._ssl_context or context_for(self._origin),
            trust_env=False,
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEPALIVE),
        )
        use_network(transport, CountingBackend())
        return transport


class AsyncCallersTransport:
    """A transport of the caller's, closed with the client, as httpx does."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(self, request: Request, timeouts: Timeouts, left: float) -> Response | Fault:
        """Send a request and read the answer, in ``left`` seconds."""
        return await _exchange(self._transport.handle_async_request, request, timeouts, left)

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()


class AsyncCallersClient:
    """An ``httpx.AsyncClient`` of the caller's, which is never closed."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def send(self, request: Request, timeouts: Timeouts, left: float) -> Response | Fault:
        """Send a request and read the answer, in ``left`` seconds.

        The client's auth, redirects and default parameters stay out: they would change what
        was signed.
        """
        return await _exchange(self._handle, request, timeouts, left, self._client.headers)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        return await self._client.send(request, stream=True, auth=None, follow_redirects=False)

    async def aclose(self) -> None:
        """Leave the client open."""
