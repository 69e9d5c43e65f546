"""What sync and async senders share: requests and answers in httpx's terms and in ours."""

from functools import lru_cache

import httpx

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
from .body import MAX_BODY, BodyStream, TooLargeError, UnreadableBodyError
from .progress import Progress

__all__ = ["deadline_fault", "fault_of", "head_of", "httpx_request"]

# Zero would make a socket non-blocking.
SHORTEST_STEP = 0.001
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@lru_cache(maxsize=256)
def _url(origin: str, route: str) -> httpx.URL:
    url = _parsed(origin + route)
    if url is None or url.raw_path.decode("ascii") != route:
        raise ConfigurationError(f"httpx cannot send to {origin + route!r} as it stands")
    return url


def _parsed(text: str) -> httpx.URL | None:
    try:
        return httpx.URL(text)
    except httpx.InvalidURL:
        return None


def httpx_request(
    request: Request, timeouts: Timeouts, left: float, defaults: httpx.Headers | None = None
) -> httpx.Request:
    """Make the request that httpx sends.

    Args:
        request: The request.
        timeouts: For each step.
        left: Seconds until the deadline; infinite for none.
        defaults: A caller's client's default headers, which ours override.

    Raises:
        ConfigurationError: httpx would send another path than the one that was signed.
    """
    url = _url(request.origin, request.route)
    headers = httpx.Headers([("host", url.netloc.decode("ascii"))])
    headers.update(defaults)
    headers.update(dict(request.headers))
    longest = min(max(left, SHORTEST_STEP), LONGEST)
    timeout = {
        "connect": min(timeouts.connect, longest),
        "read": min(timeouts.read, longest),
        "write": min(timeouts.write, longest),
        "pool": longest,
    }
    return httpx.Request(
        request.method,
        url,
        headers=headers,
        stream=BodyStream(request.body),
        extensions={"timeout": timeout},
    )


def head_of(response: httpx.Response) -> Response:
    """Return an answer's status and headers."""
    return Response(status=response.status_code, headers=Headers(response.headers.multi_items()))


def deadline_fault(partial: Response | None = None) -> Fault:
    """Return the fault of an exchange that the deadline ended."""
    return Fault(
        error=DeadlineExceeded,
        message="The deadline passed before the answer was complete",
        sent=True,
        response=partial,
    )


def _kind(error: Exception) -> type[TransportError | ResponseTooLarge]:
    match error:
        case httpx.TimeoutException():
            return RequestTimeoutError
        case httpx.ConnectError() | httpx.ProxyError():
            return ConnectError
        case httpx.NetworkError():
            return ConnectionLostError
        case httpx.ProtocolError() | UnreadableBodyError():
            return ProtocolError
        case TooLargeError():
            return ResponseTooLarge
        case _:
            return TransportError


def _message(error: Exception, origin: str) -> str:
    if isinstance(error, TooLargeError):
        return f"The answer of {origin} is larger than {MAX_BODY} bytes, decoded"
    # h11's and httpcore's texts for a refused request quote its headers.
    detail = "" if isinstance(error, httpx.LocalProtocolError) else str(error)
    name = type(error).__name__
    return f"{origin}: {name}: {detail}" if detail else f"{origin}: {name}"


def fault_of(
    error: Exception, request: Request, progress: Progress, partial: Response | None
) -> Fault:
    """Turn an exception of httpx, or of a caller's transport, into a plain value."""
    if isinstance(error, httpx.TimeoutException) and progress.left() <= 0:
        return deadline_fault(partial)
    return Fault(
        error=_kind(error),
        message=_message(error, request.origin),
        sent=progress.sent is not False and not isinstance(error, NOT_SENT),
        response=partial,
    )
