"""Sending requests for async clients, on asyncio and trio."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import attrs
from anyio.lowlevel import checkpoint_if_cancelled

from .._call import Request, Response
from .._effects import Fault, Timeouts
from .._secret import without_frames
from .body import BoundedBody
from .exchange import (
    deadline_fault,
    fault_of,
    head_of,
    httpx_request,
    stream_with_left_over,
)
from .family import Family
from .progress import PROGRESS, Progress

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import httpx

__all__ = ["AsyncCallersClient", "AsyncCallersTransport", "exchange", "exchange_step_by_step"]

CHUNKS_IN_A_READ = 16_384

Handle: TypeAlias = "Callable[[httpx.Request], Awaitable[httpx.Response]]"


async def exchange(
    family: Family,
    handle: Handle,
    request: Request,
    timeouts: Timeouts,
    left: float,
    defaults: "httpx.Headers | None" = None,
) -> Response | Fault:
    """Send a request and read the answer, until the deadline cancels that.

    Args:
        family: Whose classes to use.
        handle: What sends.
        request: The request.
        timeouts: For each step.
        left: Seconds until the deadline.
        defaults: A caller's client's default headers.
    """
    outgoing = httpx_request(family, request, timeouts, left, defaults)
    progress = Progress(left)
    previous = PROGRESS.set(progress)
    try:
        with anyio.move_on_after(left):
            try:
                return await _receive(family, handle, outgoing, request, progress)
            except BaseException as error:  # noqa: BLE001 - the deadline, or the caller, cancels
                ended = without_frames(error)
            # A caller's transport may raise a cancellation of its own making in the place of
            # anyio's, which the scope would not know again.
            await checkpoint_if_cancelled()
            raise ended
        return deadline_fault(progress.partial)
    finally:
        PROGRESS.reset(previous)


async def exchange_step_by_step(
    family: Family, handle: Handle, request: Request, timeouts: Timeouts, left: float
) -> Response | Fault:
    """Send a request and read the answer over a network that keeps to the deadline itself.

    That saves the cancel scope, which is 0.05 of a call's time.
    """
    outgoing = httpx_request(family, request, timeouts, left)
    progress = Progress(left)
    previous = PROGRESS.set(progress)
    try:
        return await _receive(family, handle, outgoing, request, progress)
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
    at_end = False
    try:
        body = BoundedBody(partial.headers)
        async for chunk in chunks:
            body.feed(chunk)
        at_end = True
        body.finish()
        if (tainted := stream_with_left_over(response)) is not None:
            await tainted.aclose()
        return Response(status=partial.status, headers=partial.headers, body=body.bytes())
    except Exception as error:  # noqa: BLE001 - likewise
        partial = attrs.evolve(partial, body=b"" if body is None else body.bytes())
        return fault_of(family, error, request, progress, partial)
    except BaseException:  # the deadline, or the caller, cancels
        progress.partial = attrs.evolve(partial, body=b"" if body is None else body.bytes())
        raise
    finally:
        with suppress(Exception):
            await stream.aclose()
        if not at_end:
            await _finish(chunks)


async def _finish(chunks: Any) -> None:
    """End an answer's iterator, which would else be left to the event loop.

    Behind httpx's iterator stand httpcore's, which only end by being exhausted; once closed,
    they hold no more than one read. A caller's transport may go on for ever.
    """
    with suppress(Exception):
        for _ in range(CHUNKS_IN_A_READ):
            await anext(chunks)
        await chunks.aclose()


class AsyncCallersTransport:
    """A transport of the caller's, closed with the client, as httpx does."""

    def __init__(self, family: Family, transport: "httpx.AsyncBaseTransport") -> None:
        self._family = family
        self._transport = transport

    async def send(self, request: Request, timeouts: Timeouts, left: float) -> Response | Fault:
        """Send a request and read the answer, in ``left`` seconds."""
        handle = self._transport.handle_async_request
        return await exchange(self._family, handle, request, timeouts, left)

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
        return await exchange(self._family, self._handle, request, timeouts, left, defaults)

    async def _handle(self, request: "httpx.Request") -> "httpx.Response":
        return await self._client.send(request, stream=True, auth=None, follow_redirects=False)

    async def aclose(self) -> None:
        """Leave the client open."""
