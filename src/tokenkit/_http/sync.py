"""Sending requests for sync clients."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

from .._call import Request, Response
from .._effects import Fault, Timeouts
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
    from collections.abc import Callable

    import httpx

__all__ = ["CallersClient", "CallersTransport", "exchange"]

Handle: TypeAlias = "Callable[[httpx.Request], httpx.Response]"


def exchange(
    family: Family,
    handle: Handle,
    request: Request,
    timeouts: Timeouts,
    left: float,
    defaults: "httpx.Headers | None" = None,
) -> Response | Fault:
    """Send a request and read the answer.

    Args:
        family: Whose classes to use.
        handle: What sends.
        request: The request.
        timeouts: For each step.
        left: Seconds until the deadline; it holds between body chunks at least.
        defaults: A caller's client's default headers.
    """
    outgoing = httpx_request(family, request, timeouts, left, defaults)
    progress = Progress(left)
    previous = PROGRESS.set(progress)
    try:
        return _receive(family, handle, outgoing, request, progress)
    finally:
        PROGRESS.reset(previous)


def _receive(
    family: Family,
    handle: Handle,
    outgoing: "httpx.Request",
    request: Request,
    progress: Progress,
) -> Response | Fault:
    try:
        response = handle(outgoing)
        partial = head_of(response)
    except Exception as error:  # noqa: BLE001 - a caller's transport may raise anything
        return fault_of(family, error, request, progress, None)
    stream: Any = response.stream  # httpx types it as sync or async
    body: BoundedBody | None = None
    try:
        body = BoundedBody(partial.headers)
        for chunk in stream:
            body.feed(chunk)
            if progress.left() <= 0:
                return deadline_fault(attrs.evolve(partial, body=body.bytes()))
        body.finish()
        if (tainted := stream_with_left_over(response)) is not None:
            tainted.close()
        return Response(status=partial.status, headers=partial.headers, body=body.bytes())
    except Exception as error:  # noqa: BLE001 - likewise
        partial = attrs.evolve(partial, body=b"" if body is None else body.bytes())
        return fault_of(family, error, request, progress, partial)
    finally:
        with suppress(Exception):
            stream.close()


class CallersTransport:
    """A transport of the caller's, closed with the client, as httpx does."""

    def __init__(self, family: Family, transport: "httpx.BaseTransport") -> None:
        self._family = family
        self._transport = transport

    def send(self, request: Request, timeouts: Timeouts, left: float) -> Response | Fault:
        """Send a request and read the answer; the deadline holds between body chunks."""
        return exchange(self._family, self._transport.handle_request, request, timeouts, left)

    def close(self) -> None:
        """Close the transport."""
        self._transport.close()


class CallersClient:
    """An ``httpx.Client`` of the caller's, which is never closed."""

    def __init__(self, family: Family, client: "httpx.Client") -> None:
        self._family = family
        self._client = client

    def send(self, request: Request, timeouts: Timeouts, left: float) -> Response | Fault:
        """Send a request and read the answer; the deadline holds between body chunks.

        The client's auth, redirects and default parameters stay out: they would change what
        was signed.
        """
        defaults = self._client.headers
        return exchange(self._family, self._handle, request, timeouts, left, defaults)

    def _handle(self, request: "httpx.Request") -> "httpx.Response":
        return self._client.send(request, stream=True, auth=None, follow_redirects=False)

    def close(self) -> None:
        """Leave the client open."""
