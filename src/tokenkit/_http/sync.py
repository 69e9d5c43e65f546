"""Sending requests for sync clients."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .._model.messages import Request
from .._pipeline.effects import AttemptOutcome
from .._policy.timeouts import Timeouts
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
    import httpx

__all__ = ["CallersClient", "CallersTransport", "exchange"]


def exchange(way: Way, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
    """Send a request and read the answer.

    Args:
        way: How to send it.
        request: The request.
        timeouts: For each step.
        left: Seconds until the deadline; it holds between body chunks at least.
    """
    outgoing = way.outgoing(request, timeouts, left)
    progress = Progress(left)
    previous = PROGRESS.set(progress)
    try:
        return _receive(way, outgoing, request, progress)
    finally:
        PROGRESS.reset(previous)


def _receive(way: Way, outgoing: Any, request: Request, progress: Progress) -> AttemptOutcome:
    try:
        received = way.received(way.handle(outgoing))
        headers = received.text_headers()
    except Exception as error:  # noqa: BLE001 - a caller's transport may raise anything
        return fault_of(way.family, error, request, progress, None)
    stream = received.stream
    body: BoundedBody | None = None
    try:
        body = BoundedBody(headers)
        for chunk in stream:
            body.feed(chunk)
            if progress.left() <= 0:
                return deadline_fault(answer_of(received.status, headers, body))
        body.finish()
        if (tainted := network_with_left_over(stream)) is not None:
            tainted.close()
        return answer_of(received.status, headers, body)
    except Exception as error:  # noqa: BLE001 - likewise
        partial = answer_of(received.status, headers, body)
        return fault_of(way.family, error, request, progress, partial)
    finally:
        with suppress(Exception):
            stream.close()


class CallersTransport:
    """A transport of the caller's, closed with the client, as httpx does."""

    def __init__(self, family: Family, transport: "httpx.BaseTransport") -> None:
        self._family = family
        self._transport = transport

    def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Send a request and read the answer; the deadline holds between body chunks."""
        way = ThroughHttpx(self._family, self._transport.handle_request)
        return exchange(way, request, timeouts, left)

    def discard(self) -> None:
        """Do nothing: the connections are the caller's."""

    def close(self) -> None:
        """Close the transport."""
        self._transport.close()


class CallersClient:
    """An ``httpx.Client`` of the caller's, which is never closed."""

    def __init__(self, family: Family, client: "httpx.Client") -> None:
        self._family = family
        self._client = client

    def send(self, request: Request, timeouts: Timeouts, left: float) -> AttemptOutcome:
        """Send a request and read the answer; the deadline holds between body chunks.

        The client's auth, redirects and default parameters stay out: they would change what
        was signed.
        """
        way = ThroughHttpx(self._family, self._handle, self._client.headers)
        return exchange(way, request, timeouts, left)

    def _handle(self, request: "httpx.Request") -> "httpx.Response":
        return self._client.send(request, stream=True, auth=None, follow_redirects=False)

    def discard(self) -> None:
        """Do nothing: the connections are the caller's."""

    def close(self) -> None:
        """Leave the client open."""
