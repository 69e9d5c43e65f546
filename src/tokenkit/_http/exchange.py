"""What sync and async senders share: requests and answers in httpx's terms and in ours."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from .._call import Headers, Request, Response
from .._effects import LONGEST, Fault, Timeouts
from ..errors import (
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    DeadlineExceeded,
    ProtocolError,
    RequestTimeoutError,
    ResponseTooLarge,
    TransportError,
)
from .body import MAX_BODY, TooLargeError, UnreadableBodyError
from .family import Family
from .progress import Progress

if TYPE_CHECKING:
    import httpx

__all__ = [
    "deadline_fault",
    "fault_of",
    "head_of",
    "httpx_request",
    "no_connection_fault",
    "stream_with_left_over",
]

# Zero would make a socket non-blocking.
SHORTEST_STEP = 0.001


@lru_cache(maxsize=256)
def _target(family: Family, origin: str, route: str) -> tuple["httpx.URL", bytes]:
    """Return a URL and its Host header; parsing it takes longer than all else of a request."""
    url = _parsed(family, origin + route)
    if url is None or url.raw_path.decode("ascii") != route:
        raise ConfigurationError(f"httpx cannot send to {origin + route!r} as it stands")
    return url, url.netloc


def _parsed(family: Family, text: str) -> "httpx.URL | None":
    try:
        url: httpx.URL = family.http.URL(text)
    except family.http.InvalidURL:
        return None
    return url


def httpx_request(
    family: Family,
    request: Request,
    timeouts: Timeouts,
    left: float,
    defaults: "httpx.Headers | None" = None,
) -> "httpx.Request":
    """Make the request that httpx sends.

    Args:
        family: Whose classes to use.
        request: The request.
        timeouts: For each step.
        left: Seconds until the deadline; infinite for none.
        defaults: A caller's client's default headers, which ours override.

    Raises:
        ConfigurationError: httpx would send another path than the one that was signed.
    """
    url, host = _target(family, request.origin, request.route)
    headers = [(b"host", host)]
    if defaults is not None:
        headers += [pair for pair in defaults.raw if _may_stay(pair[0], request.headers)]
    headers += [(name.encode(), value.encode()) for name, value in request.headers.items()]
    longest = min(max(left, SHORTEST_STEP), LONGEST)
    timeout = {
        "connect": min(timeouts.connect, longest),
        "read": min(timeouts.read, longest),
        "write": min(timeouts.write, longest),
        "pool": longest,
    }
    outgoing: httpx.Request = family.http.Request(
        request.method,
        url,
        headers=headers,
        stream=family.body_stream(request.body),
        extensions={"timeout": timeout},
    )
    outgoing.read()  # some transports take the content, and would stream what has none
    return outgoing


def _may_stay(name: bytes, ours: Headers) -> bool:
    """Tell whether a caller's client's default header goes out beside ours."""
    lowered = name.decode("latin-1").lower()
    return lowered != "host" and lowered not in ours


def head_of(response: "httpx.Response") -> Response:
    """Return an answer's status and headers."""
    raw = response.headers.raw
    try:
        pairs = [(name.decode("utf-8"), value.decode("utf-8")) for name, value in raw]
    except UnicodeDecodeError:
        pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]
    return Response(status=response.status_code, headers=Headers(pairs))


def stream_with_left_over(response: Any) -> Any:
    """Return the network stream on which bytes stand behind an answer; ``None`` for a clean one.

    httpcore would take them for the next answer, and so hand one caller what another was sent.
    It has no public way to see them; a test holds the seam. HTTP/2, mocks and other transports
    don't have it.
    """
    stream = response.stream
    try:
        body = getattr(stream, "_stream", stream)._httpcore_stream  # noqa: SLF001 - see above
        body = getattr(body, "_stream", body)
        state = body._connection._h11_state  # noqa: SLF001 - see above
    except AttributeError:
        return None
    return response.extensions["network_stream"] if state.trailing_data[0] else None


def deadline_fault(partial: Response | None = None) -> Fault:
    """Return the fault of an exchange that the deadline ended."""
    return Fault(
        error=DeadlineExceeded,
        message="The deadline passed before the answer was complete",
        sent=True,
        response=partial,
    )


def no_connection_fault() -> Fault:
    """Return the fault of an exchange for which no connection was free."""
    return Fault(
        error=DeadlineExceeded,
        message="The deadline passed while all connections were in use",
        sent=False,
    )


def _kind(family: Family, error: Exception) -> type[TransportError | ResponseTooLarge]:
    http = family.http
    kinds: tuple[tuple[Any, type[TransportError | ResponseTooLarge]], ...] = (
        (http.TimeoutException, RequestTimeoutError),
        ((http.ConnectError, http.ProxyError), ConnectError),
        (http.NetworkError, ConnectionLostError),
        ((http.ProtocolError, UnreadableBodyError), ProtocolError),
        (TooLargeError, ResponseTooLarge),
    )
    for classes, kind in kinds:
        if isinstance(error, classes):
            return kind
    return TransportError


def _message(family: Family, error: Exception, origin: str) -> str:
    if isinstance(error, TooLargeError):
        return f"The answer of {origin} is larger than {MAX_BODY} bytes, decoded"
    # h11's and httpcore's texts for a refused request quote its headers.
    detail = "" if isinstance(error, family.http.LocalProtocolError) else str(error)
    name = type(error).__name__
    return f"{origin}: {name}: {detail}" if detail else f"{origin}: {name}"


def _never_sent(family: Family, error: Exception) -> bool:
    # Only httpx's own connections can be believed: other transports raise its ConnectError or
    # ConnectTimeout for a lost answer as well, and a payment would be opened twice.
    core = family.core
    return isinstance(
        error.__cause__,
        (core.ConnectError, core.ConnectTimeout, core.PoolTimeout, core.ProxyError),
    )


def fault_of(
    family: Family,
    error: Exception,
    request: Request,
    progress: Progress,
    partial: Response | None,
) -> Fault:
    """Turn an exception of httpx, or of a caller's transport, into a plain value."""
    if isinstance(error, family.http.TimeoutException) and progress.left() <= 0:
        return deadline_fault(partial)
    return Fault(
        error=_kind(family, error),
        message=_message(family, error, request.origin),
        sent=progress.sent is not False and not _never_sent(family, error),
        response=partial,
    )
