"""What sync and async exchanges share: what became of them, as plain values."""

from typing import Any

from .._model.messages import Headers, Request, Response
from .._pipeline.effects import NoResponse
from ..errors import (
    ConnectError,
    ConnectionLostError,
    DeadlineExceeded,
    ProtocolError,
    RequestTimeoutError,
    ResponseTooLarge,
    TransportError,
)
from .body import (
    MAX_BODY,
    BoundedBody,
    TooLargeError,
    UnreadableBodyError,
)
from .family import Family
from .progress import Progress

__all__ = [
    "answer_of",
    "deadline_fault",
    "fault_of",
    "network_with_left_over",
    "no_connection_fault",
]

ONE_MILLISECOND = 0.001

# What httpcore and h11 say of a connection that was closed before the end of an answer: they
# have no class of their own for it.
CLOSED = ("Server disconnected", "peer closed connection")


def answer_of(status: int, headers: Headers, body: BoundedBody | None) -> Response:
    """Return as much of an answer as has come."""
    content = b"" if body is None else body.bytes()
    return Response(status=status, headers=headers, body=content)


def network_with_left_over(stream: Any) -> Any:
    """Return the network stream on which bytes stand behind an answer; ``None`` for a clean one.

    httpcore would take them for the next answer, and so hand one caller what another was sent.
    It has no public way to see them; a test holds the seam. HTTP/2, mocks and other transports
    don't have it.
    """
    for layer in ("_stream", "_httpcore_stream", "_stream"):
        stream = getattr(stream, layer, stream)
    try:
        connection = stream._connection  # noqa: SLF001 - see above
        left_over = connection._h11_state.trailing_data[0]  # noqa: SLF001 - see above
    except AttributeError:
        return None
    return connection._network_stream if left_over else None  # noqa: SLF001 - see above


def deadline_fault(partial: Response | None = None) -> NoResponse:
    """Return the fault of an exchange that the deadline ended."""
    return NoResponse(
        error=DeadlineExceeded,
        message="The deadline passed before the answer was complete",
        sent=True,
        response=partial,
    )


def no_connection_fault() -> NoResponse:
    """Return the fault of an exchange for which no connection was free."""
    return NoResponse(
        error=DeadlineExceeded,
        message="The deadline passed while all connections were in use",
        sent=False,
    )


def _named(family: Family, *names: str) -> tuple[Any, ...]:
    """Return the exceptions of some names, httpx's and httpcore's: mocks raise either."""
    return tuple(getattr(module, name) for module in (family.http, family.core) for name in names)


def _kind(family: Family, error: Exception) -> type[TransportError | ResponseTooLarge]:
    kinds: tuple[tuple[Any, type[TransportError | ResponseTooLarge]], ...] = (
        (_named(family, "TimeoutException"), RequestTimeoutError),
        (_named(family, "ConnectError", "ProxyError"), ConnectError),
        (_named(family, "NetworkError"), ConnectionLostError),
        ((*_named(family, "ProtocolError"), UnreadableBodyError), ProtocolError),
        (TooLargeError, ResponseTooLarge),
    )
    if isinstance(error, _named(family, "RemoteProtocolError")) and str(error).startswith(CLOSED):
        return ConnectionLostError
    for classes, kind in kinds:
        if isinstance(error, classes):
            return kind
    return TransportError


def _message(family: Family, error: Exception, origin: str) -> str:
    if isinstance(error, TooLargeError):
        return f"The answer of {origin} is larger than {MAX_BODY} bytes, decoded"
    # h11's and httpcore's texts for a refused request quote its headers.
    refused = isinstance(error, _named(family, "LocalProtocolError"))
    detail = "" if refused else str(error)
    name = type(error).__name__
    return f"{origin}: {name}: {detail}" if detail else f"{origin}: {name}"


def _never_sent(core: Any, error: Exception) -> bool:
    # Only httpcore's connections can be believed: other transports raise httpx's ConnectError
    # or ConnectTimeout for a lost answer as well, and a payment would be opened twice.
    before = (core.ConnectError, core.ConnectTimeout, core.PoolTimeout, core.ProxyError)
    return isinstance(error, before) or isinstance(error.__cause__, before)


def fault_of(
    family: Family,
    error: Exception,
    request: Request,
    progress: Progress,
    partial: Response | None,
) -> NoResponse:
    """Turn an exception into a plain value.

    Args:
        family: Whose exceptions it may be one of.
        error: The exception; a caller's transport may raise any.
        request: The request.
        progress: How far the exchange has come.
        partial: What came of the answer.
    """
    # uvloop's timers count whole milliseconds, and may be early by one.
    timed_out = isinstance(error, _named(family, "TimeoutException"))
    if timed_out and progress.left() <= ONE_MILLISECOND:
        return deadline_fault(partial)
    return NoResponse(
        error=_kind(family, error),
        message=_message(family, error, request.origin),
        sent=progress.sent is not False and not _never_sent(family.core, error),
        response=partial,
    )
