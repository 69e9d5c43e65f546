"""Turn the network's exceptions into tokenkit's own errors, as plain values."""

import re
import ssl
import sys
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from .._pipeline.response_body import TooLargeError, UnreadableBodyError
from ..errors import (
    ConnectError,
    ConnectionLostError,
    ProtocolError,
    RequestTimeoutError,
    ResponseTooLarge,
    TransportError,
)
from .httpx_adapter import HttpxAdapter
from .progress import Progress

__all__ = [
    "class_of",
    "is_connecting",
    "is_network_trouble",
    "is_timeout",
    "may_have_been_sent",
    "text_of",
]

LIBRARIES = ("httpx", "httpcore", "httpx2", "httpcore2", "h11", "socksio")
# All others are subclasses of these; an error status that a caller raises is not one.
NETWORK = (
    *("RequestError", "StreamError", "InvalidURL", "CookieConflict"),
    *("NetworkError", "TimeoutException", "ProtocolError", "ProxyError"),
    *("UnsupportedProtocol", "ConnectionNotAvailable"),
)
UNSENT = (
    *("ConnectError", "ConnectTimeout", "ConnectionNotAvailable", "PoolTimeout", "ProxyError"),
    "UnsupportedProtocol",
)
# What callers' connections say if they are closed before the end of a response.
CLOSED = ("Server disconnected", "peer closed connection")
# Libraries quote what they can't read, which may hold a token: only these texts are shown.
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
# The libraries' own; those of an HTTP proxy begin with its status.
SOCKS_TEXT = re.compile(
    r"(Invalid username/password|Proxy Server could not connect|Requested)[A-Za-z/ :,.-]{0,90}"
)
STATUS = re.compile(r"[1-9][0-9]{2}(?![^ ])")
LONGEST_TEXT = 500
# OpenSSL's codes for a certificate from an unknown authority.
UNTRUSTED = frozenset({2, 18, 19, 20, 21})


def is_network_trouble(error: BaseException) -> bool:
    """Return whether an exception is about the network, not from a caller's code or a signal."""
    return isinstance(error, (OSError, TooLargeError, UnreadableBodyError, *_named(*NETWORK)))


def _named(*names: str) -> tuple[type[Exception], ...]:
    """Return the libraries' exceptions of some names: a mock may raise either family's."""
    modules = [sys.modules[name] for name in LIBRARIES if name in sys.modules]
    found = (getattr(module, name, None) for module in modules for name in names)
    return tuple(one for one in found if one is not None)


def is_timeout(error: Exception) -> bool:
    """Return whether a step took too long."""
    return isinstance(error, (TimeoutError, *_named("TimeoutException")))


def is_connecting(error: Exception) -> bool:
    """Return whether an exception's class says that the request was not sent."""
    return isinstance(error, _named(*UNSENT))


def class_of(error: Exception, progress: Progress) -> type[TransportError | ResponseTooLarge]:
    """Return this package's class for network trouble."""
    if is_timeout(error):
        return RequestTimeoutError
    if progress.peer is not None:
        return ConnectError
    lost = progress.ended or str(error).startswith(CLOSED)
    if lost and isinstance(error, _named("RemoteProtocolError")):
        return ConnectionLostError
    classes: tuple[tuple[Any, type[TransportError | ResponseTooLarge]], ...] = (
        (_named("ConnectError", "ProxyError", "ConnectionNotAvailable"), ConnectError),
        (_named("NetworkError"), ConnectionLostError),
        ((*_named("ProtocolError", "DecodingError"), UnreadableBodyError), ProtocolError),
        (TooLargeError, ResponseTooLarge),
    )
    return next((ours for theirs, ours in classes if isinstance(error, theirs)), TransportError)


def text_of(error: Exception, adapter: HttpxAdapter, progress: Progress) -> str:
    """Return the message for network trouble."""
    if isinstance(error, TooLargeError):
        return f"The response from {progress.origin} is larger than {error} bytes, decompressed"
    detail = _detail(error)
    name = type(error).__name__
    # A traceback shows the class of the error that is raised.
    said = detail and name == class_of(error, progress).__name__
    parts = (progress.peer or progress.origin, "" if said else name, detail)
    text = ": ".join(filter(None, parts))
    if progress.peer is not None:
        text += f" (on the way to {progress.origin})"
        if progress.peer.startswith("proxy"):
            return text
    if any(
        isinstance(cause, ssl.SSLCertVerificationError) and cause.verify_code in UNTRUSTED
        for cause in _chain(error)
    ):
        where = "your own verify=" if adapter.is_callers else "SSL_CERT_FILE or ssl_context"
        text += (
            "; if a proxy or a private authority signs its certificate, name that authority "
            f"with {where}"
        )
    return text


def may_have_been_sent(
    adapter: HttpxAdapter, progress: Progress, error: Exception | None = None
) -> bool:
    """Return whether the server may have got the request, if it failed or was too late."""
    if adapter.knows_what_was_sent or progress.sent:
        return progress.sent is True
    if adapter.is_callers:
        # Unless `settle()` bears it out, the error may be that of another request, which a hook or
        # a transport has sent after this one.
        return progress.sent is None
    # A tool may have sent it in its own way.
    if error is None:
        return True
    core = adapter.family.core
    before = (core.ConnectError, core.ConnectTimeout, core.PoolTimeout, core.ProxyError)
    return not (isinstance(error, before) or isinstance(error.__cause__, before))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _detail(error: BaseException) -> str:
    """Return the text of the first error that has one, as trio's own have none, if it is safe."""
    told = next((one for one in _chain(error) if str(one)), error)
    text = str(told)
    if isinstance(error, _named("ProxyError")) or isinstance(told, _named("ProxyError")):
        return _refusal(text)
    if isinstance(error, _named("ProtocolError")):
        return next((known for known in KNOWN_TEXTS if text.startswith(known)), "")
    return text[:LONGEST_TEXT]


def _refusal(text: str) -> str:
    """Return why a proxy refused, in none of its own words: it may echo the password."""
    if SOCKS_TEXT.fullmatch(text):
        return text
    status = STATUS.match(text)
    if status is None:
        return ""
    with suppress(ValueError):
        return f"{status[0]} {HTTPStatus(int(status[0])).phrase}"
    return status[0]
