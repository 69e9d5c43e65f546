"""Reading a response, sync or async, and what an exchange without one means."""

import ssl
import sys
from collections.abc import Iterator
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
from .body import MAX_RESPONSE_BODY, BoundedBody, TooLargeError, UnreadableBodyError
from .httpx_adapter import ThroughHttpx
from .progress import Progress

__all__ = ["QUIETLY", "ResponseReader", "no_free_connection"]

LIBRARIES = ("httpx", "httpcore", "httpx2", "httpcore2", "socksio")
# Of these, all others are subclasses; an error status that somebody raises is none.
NETWORK = (
    *("RequestError", "StreamError", "InvalidURL", "CookieConflict"),
    *("NetworkError", "TimeoutException", "ProtocolError", "ProxyError"),
    *("UnsupportedProtocol", "ConnectionNotAvailable"),
)
ONE_MILLISECOND = 0.001
# What others' connections say of one that was closed before the end of a response; ours know it.
CLOSED = ("Server disconnected", "peer closed connection")
# Libraries quote what they cannot read, which may hold a token: no other of their texts is shown.
KNOWN_TEXTS = (
    "Receive buffer too long",
    "Server disconnected without sending a response",
    "bad Content-Length",
    "conflicting Content-Length headers",
    "illegal chunk header",
    "illegal header line",
    "illegal request line",
    "illegal status line",
    "malformed data",
    "peer closed connection without sending complete message body",
    "peer unexpectedly closed connection",
)
# OpenSSL's codes for a certificate that no known authority vouches for.
UNTRUSTED = frozenset({2, 18, 19, 20, 21})


def _named(*names: str) -> tuple[type[Exception], ...]:
    """Return the libraries' exceptions of some names: a mock may raise either family's."""
    modules = [sys.modules[name] for name in LIBRARIES if name in sys.modules]
    found = (getattr(module, name, None) for module in modules for name in names)
    return tuple(one for one in found if one is not None)


def is_network_trouble(error: BaseException) -> bool:
    """Return whether an exception is of the network, and not of a caller's code or a signal."""
    ours = (OSError, TooLargeError, UnreadableBodyError)
    return isinstance(error, (*ours, *_named(*NETWORK)))


class _Quietly:
    """Around a closing of a response: network trouble is no longer of interest."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        return error is not None and is_network_trouble(error)


QUIETLY = _Quietly()


def no_free_connection() -> NoResponse:
    """Return the outcome of an exchange for which no connection was free."""
    return NoResponse(
        error=DeadlineExceeded,
        message="The deadline passed while all connections were in use",
        sent=False,
    )


class ResponseReader:
    """Takes a response in; knows what has come of it, and what became of the exchange.

    Attributes:
        stream: The body, to be closed in the end.
    """

    stream: Any = None
    _status = 0
    _headers = Headers()
    _body: BoundedBody | None = None

    def __init__(self, way: ThroughHttpx, request: Request, progress: Progress) -> None:
        self._way = way
        self._request = request
        self._progress = progress

    def begin(self, response: Any) -> bool:
        """Take status and headers; return whether the body is still to be read."""
        received = self._way.received(response)
        self.stream = received.stream
        self._headers = _text(received.headers)
        self._status = received.status
        if received.content is not None:
            self._body = BoundedBody()
            self._body.feed(received.content)
        return received.content is None

    def feed(self, chunk: bytes) -> bool:
        """Take a part of the body; return whether that was the last.

        Raises:
            TimeoutError: The deadline has passed.
        """
        if self._body is None:
            self._body = BoundedBody(self._headers.get("content-encoding", ""))
        complete = self._body.feed(chunk)
        if self._progress.left() <= 0:
            raise TimeoutError
        return complete

    def end(self) -> Response:
        """Return the whole response."""
        if self._body is not None:
            self._body.finish()
        return self._response()

    def _response(self) -> Response:
        content = b"" if self._body is None else self._body.bytes()
        return Response(status=self._status, headers=self._headers, body=content)

    def _partial(self) -> Response | None:
        """Return as much of the response as has come."""
        return self._response() if self._status else None

    def deadline_passed(self) -> NoResponse:
        """Return the outcome of an exchange that the deadline ended."""
        text = "The deadline passed before the response was complete"
        if peer := self._progress.peer:
            text = f"{peer}: the deadline passed on the way to {self._request.origin}"
        return NoResponse(
            error=DeadlineExceeded,
            message=text,
            sent=self._progress.sent is True or not self._way.knows_what_was_sent,
            response=self._partial(),
        )

    def failed(self, error: Exception) -> NoResponse:
        """Turn network trouble into a plain value.

        Raises:
            Exception: It is of another kind.
        """
        if not is_network_trouble(error):
            raise error
        timed_out = isinstance(error, (TimeoutError, *_named("TimeoutException")))
        # uvloop's timers count whole milliseconds, and may be early by one.
        if timed_out and self._progress.left() <= ONE_MILLISECOND:
            return self.deadline_passed()
        return NoResponse(
            error=self._kind(error),
            message=self._message(error),
            sent=self._was_sent(error),
            response=self._partial(),
        )

    def _kind(self, error: Exception) -> type[TransportError | ResponseTooLarge]:
        lost = self._progress.ended or str(error).startswith(CLOSED)
        kinds: tuple[tuple[Any, type[TransportError | ResponseTooLarge]], ...] = (
            ((TimeoutError, *_named("TimeoutException")), RequestTimeoutError),
            (_named("ConnectError", "ProxyError"), ConnectError),
            (_named("NetworkError"), ConnectionLostError),
            (
                (*_named("ProtocolError", "DecodingError"), UnreadableBodyError),
                ProtocolError,
            ),
            (TooLargeError, ResponseTooLarge),
        )
        if self._progress.peer is not None and not isinstance(error, kinds[0][0]):
            return ConnectError
        if lost and isinstance(error, _named("RemoteProtocolError")):
            return ConnectionLostError
        return next(
            (kind for classes, kind in kinds if isinstance(error, classes)), TransportError
        )

    def _message(self, error: Exception) -> str:
        origin = self._request.origin
        if isinstance(error, TooLargeError):
            return f"The response of {origin} is larger than {MAX_RESPONSE_BODY} bytes, decoded"
        detail = _root_text(error)
        if isinstance(error, _named("ProtocolError")):
            detail = next((text for text in KNOWN_TEXTS if detail.startswith(text)), "")
        text = f"{self._progress.peer or origin}: {type(error).__name__}"
        if detail:
            text += f": {detail}"
        return text + self._hint(error)

    def _hint(self, error: Exception) -> str:
        if self._progress.peer is not None:
            return f" (on the way to {self._request.origin})"
        for cause in _chain(error):
            if isinstance(cause, ssl.SSLCertVerificationError) and cause.verify_code in UNTRUSTED:
                return (
                    "; if a proxy or a private authority signs its certificate, name that "
                    "authority with SSL_CERT_FILE or ssl_context"
                )
        return ""

    def _was_sent(self, error: Exception) -> bool:
        sent = self._progress.sent
        if self._way.knows_what_was_sent:
            return sent is True
        # Only httpcore's connections can be believed: other transports raise httpx's ConnectError
        # or ConnectTimeout for a lost response as well, and a payment would be opened twice.
        core = self._way.family.core
        before = (core.ConnectError, core.ConnectTimeout, core.PoolTimeout, core.ProxyError)
        never = isinstance(error, before) or isinstance(error.__cause__, before)
        return sent is not False and not never


def _text(headers: list[tuple[bytes, bytes]]) -> Headers:
    try:
        return Headers([(name.decode(), value.decode()) for name, value in headers])
    except UnicodeDecodeError:
        return Headers(
            [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _root_text(error: BaseException) -> str:
    """Return what the first error said; trio's own, which follow from it, say nothing."""
    return next((str(one) for one in _chain(error) if str(one)), "")
