"""Sending requests for sync clients."""

import os
import threading
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
from .network import DeadlineBackend, use_network
from .own import OwnSettings
from .progress import PROGRESS, Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

__all__ = ["CallersClient", "CallersTransport", "OwnConnections"]

Handle: TypeAlias = "Callable[[httpx.Request], httpx.Response]"


def _exchange(
    family: Family,
    handle: Handle,
    request: Request,
    timeouts: Timeouts,
    left: float,
    defaults: "httpx.Headers | None" = None,
) -> Response | Fault:
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
    body: BoundedBody | None = None
    try:
        body = BoundedBody(partial.headers)
        stream: Any = response.stream  # httpx types it as sync or async
        for chunk in stream:
            body.feed(chunk)
            if progress.left() <= 0:
                return deadline_fault(attrs.evolve(partial, body=body.bytes()))
        body.finish()
        if (tainted := stream_with_left_over(response)) is not None:
            tainted.close()
        return attrs.evolve(partial, body=body.bytes())
    except Exception as error:  # noqa: BLE001 - likewise
        partial = attrs.evolve(partial, body=b"" if body is None else body.bytes())
        return fault_of(family, error, request, progress, partial)
    finally:
        with suppress(Exception):
            response.close()


@attrs.frozen
class _Opened:
    """The connections of one process."""

    transport: "httpx.HTTPTransport"
    backend: DeadlineBackend
    process: int


class OwnConnections:
    """Connections that a client opens for itself, anew in a forked child.

    Args:
        settings: How to open them.
    """

    def __init__(self, settings: OwnSettings) -> None:
        self._settings = settings
        # One for each process: another thread of the parent may hold its own during a fork.
        self._locks: dict[int, threading.Lock] = {}
        self._opened: _Opened | None = None
        self._inherited: _Opened | None = None

    def send(self, request: Request, timeouts: Timeouts, left: float) -> Response | Fault:
        """Send a request and read the answer, in ``left`` seconds."""
        handle = self._open().handle_request
        return _exchange(self._settings.family, handle, request, timeouts, left)

    def close(self) -> None:
        """Close what this process has opened."""
        opened = self._opened
        if opened is not None and opened.process == os.getpid():
            opened.transport.close()

    def _open(self) -> "httpx.HTTPTransport":
        process = os.getpid()
        opened = self._opened
        if opened is not None and opened.process == process:
            return opened.transport
        with self._locks.setdefault(process, threading.Lock()):
            opened = self._opened
            if opened is None or opened.process != process:
                if opened is not None:
                    # Its pool's locks came along as they were: it must not be touched.
                    opened.backend.abandon()
                    self._inherited = opened
                opened = self._opened = self._new_connections(process)
        return opened.transport

    def _new_connections(self, process: int) -> _Opened:
        transport: httpx.HTTPTransport = self._settings.transport("HTTPTransport")
        backend = DeadlineBackend(self._settings.family)
        use_network(transport, backend)
        return _Opened(transport, backend, process)


class CallersTransport:
    """A transport of the caller's, closed with the client, as httpx does."""

    def __init__(self, family: Family, transport: "httpx.BaseTransport") -> None:
        self._family = family
        self._transport = transport

    def send(self, request: Request, timeouts: Timeouts, left: float) -> Response | Fault:
        """Send a request and read the answer; the deadline holds between body chunks."""
        return _exchange(self._family, self._transport.handle_request, request, timeouts, left)

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
        return _exchange(self._family, self._handle, request, timeouts, left, defaults)

    def _handle(self, request: "httpx.Request") -> "httpx.Response":
        return self._client.send(request, stream=True, auth=None, follow_redirects=False)

    def close(self) -> None:
        """Leave the client open."""
