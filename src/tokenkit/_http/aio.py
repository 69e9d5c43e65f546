"""Sending requests for async clients, on asyncio and trio."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from .._model.messages import Request
from .._pipeline.effects import AttemptOutcome
from .._policy.timeouts import Timeouts
from .._secret import without_frames
from .body import BoundedBody
from .exchange import (
    answer_of,
    deadline_fault,
    fault_of,
    network_with_left_over,
)
from .family import Family
from .progress import PROGRESS, Progress
from .ways import ThroughHttpx, Way

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

__all__ = ["AsyncCallersClient", "AsyncCallersTransport", "exchange", "exchange_step_by_step"]

CHUNKS_IN_A_READ = 16_384


async def exchange(way: Way, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
    """Send a request and read the answer, until the deadline cancels that.

    Args:
        way: How to send it.
        request: The request.
        timeouts: For each step.
        left: Seconds until the deadline.
    """
    outgoing = way.outgoing(request, timeouts, left)
    progress = Progress(left)
    previous = PROGRESS.set(progress)
    try:
        with anyio.move_on_after(left):
            try:
                return await _receive(way, outgoing, request, progress)
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
    way: Way, request: Request, timeouts: Timeouts, left: float
) -> AttemptOutcome:
    """Send a request and read the answer over a network that keeps to the deadline itself.

    That saves the cancel scope.
    """
    outgoing = way.outgoing(request, timeouts, left)
    progress = Progress(left)
    previous = PROGRESS.set(progress)
    try:
        return await _receive(way, outgoing, request, progress)
    finally:
        PROGRESS.reset(previous)


async def _receive(
    way: Way, outgoing: Any, request: Request, progress: Progress
) -> AttemptOutcome:
    try:
        received = way.received(await way.handle(outgoing))
        headers = received.text_headers()
    except Exception as error:  # noqa: BLE001 - a caller's transport may raise anything
        return fault_of(way.family, error, request, progress, None)
    stream = received.stream
    chunks: AsyncIterator[bytes] = aiter(stream)
    body: BoundedBody | None = None
    at_end = False
    try:
        body = BoundedBody(headers)
        async for chunk in chunks:
            body.feed(chunk)
        at_end = True
        body.finish()
        if (tainted := network_with_left_over(stream)) is not None:
            await tainted.aclose()
        return answer_of(received.status, headers, body)
    except Exception as error:  # noqa: BLE001 - likewise
        partial = answer_of(received.status, headers, body)
        return fault_of(way.family, error, request, progress, partial)
    except BaseException:  # the deadline, or the caller, cancels
        progress.partial = answer_of(received.status, headers, body)
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

    async def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Send a request and read the answer, in ``left`` seconds."""
        way = ThroughHttpx(self._family, self._transport.handle_async_request)
        return await exchange(way, request, timeouts, left)

    async def discard(self) -> None:
        """Do nothing: the connections are the caller's."""

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()


class AsyncCallersClient:
    """An ``httpx.AsyncClient`` of the caller's, which is never closed."""

    def __init__(self, family: Family, client: "httpx.AsyncClient") -> None:
        self._family = family
        self._client = client

    async def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Send a request and read the answer, in ``left`` seconds.

        The client's auth, redirects and default parameters stay out: they would change what
        was signed.
        """
        way = ThroughHttpx(self._family, self._handle, self._client.headers)
        return await exchange(way, request, timeouts, left)

    async def _handle(self, request: "httpx.Request") -> "httpx.Response":
        return await self._client.send(request, stream=True, auth=None, follow_redirects=False)

    async def discard(self) -> None:
        """Do nothing: the connections are the caller's."""

    async def aclose(self) -> None:
        """Leave the client open."""
