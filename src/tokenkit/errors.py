"""Every error that tokenkit raises.

    TokenKitError
    ├── ConfigurationError            a client, strategy or secret source that cannot work
    ├── InvalidInputError             also a ValueError; nothing was sent
    ├── ClientClosedError             the client was used after close()
    ├── TransportError                no complete answer arrived
    │   ├── ConnectError              no connection: name lookup, refusal, TLS
    │   ├── ConnectionLostError       the connection broke after it was made
    │   ├── ProtocolError             the peer does not speak proper HTTP
    │   └── RequestTimeoutError       also a builtins.TimeoutError
    │       └── DeadlineExceeded      the call's whole time is used up
    ├── APIError                      the vendor answered that it failed
    │   ├── BadRequestError           400
    │   ├── AuthenticationError       401
    │   ├── PermissionDeniedError     403
    │   ├── NotFoundError             404
    │   ├── ConflictError             409
    │   ├── UnprocessableError        422
    │   ├── RateLimitError            429
    │   └── ServerError               5xx
    ├── InterruptedMintError          an earlier bulk run may have carried the call out
    ├── DecodeError                   a success that cannot be read
    ├── ResponseTooLarge              an answer beyond the size limit
    ├── StoreError                    a shared token store cannot be asked
    └── UnexpectedRedirect            a 3xx, which is never followed

Errors hold plain values only, so they pickle and copy. Secrets and tokens of the call are
replaced in everything that an error holds.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

import attrs
from typing_extensions import Self

__all__ = [
    "APIError",
    "AuthenticationError",
    "BadRequestError",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "ConnectError",
    "ConnectionLostError",
    "DeadlineExceeded",
    "DecodeError",
    "FailedAnswer",
    "FieldError",
    "InterruptedMintError",
    "InvalidInputError",
    "NotFoundError",
    "PermissionDeniedError",
    "ProtocolError",
    "RateLimit",
    "RateLimitError",
    "RequestTimeoutError",
    "ResponseTooLarge",
    "ServerError",
    "StoreError",
    "TokenKitError",
    "TransportError",
    "UnexpectedRedirect",
    "UnprocessableError",
]

E = TypeVar("E", bound="TokenKitError")


@attrs.frozen(kw_only=True)
class FieldError:
    """One thing that is wrong with one field.

    Attributes:
        message: What is wrong, as a phrase.
        field: The field's name: in Python for input errors, the vendor's for answers.
        wire_name: The field's name in JSON, where it differs from ``field``.
        location: The part of the request that the vendor names, such as ``body``.
    """

    message: str
    field: str | None = None
    wire_name: str | None = None
    location: str | None = None

    def __str__(self) -> str:
        if self.field is None:
            return self.message
        alias = f" ({self.wire_name!r} in JSON)" if self.wire_name else ""
        return f"{self.field}{alias}: {self.message}"


@attrs.frozen(kw_only=True)
class RateLimit:
    """The vendor's rate-limit figures, as far as its answer holds them.

    Attributes:
        limit: Requests allowed in the current window.
        remaining: Requests left in it.
        reset_at: When the window ends, in UTC.
    """

    limit: int | None = None
    remaining: int | None = None
    reset_at: datetime | None = None


@attrs.frozen(kw_only=True)
class FailedAnswer:
    """What a vendor said when it refused or failed, as plain values.

    Attributes:
        status: The HTTP status.
        message: The vendor's message, or the status's own phrase where there was none.
        code: The vendor's name for the error (Strigo's ``type``, ZDK's ``code``).
        errors: The vendor's list of single errors.
        hint: The usual cause, where the vendor's documentation tells it.
        request_id: The id by which the vendor can find the request.
        retry_after: Seconds that the vendor asks to wait.
        rate_limit: The vendor's rate-limit figures.
        method: The HTTP method of the failed request.
        url: The URL of the failed request.
        headers: The answer's headers, names in lower case, without cookies.
        body: The answer's text, up to 64 KiB; empty for a body above 256 KiB.
        attempts: How many times the request was sent.
    """

    status: int
    message: str
    code: str | None = None
    errors: tuple[FieldError, ...] = ()
    hint: str | None = None
    request_id: str | None = None
    retry_after: float | None = None
    rate_limit: RateLimit | None = None
    method: str = ""
    url: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    body: str = attrs.field(default="", repr=False)
    attempts: int = 1


def _rebuild(kind: type[E], args: tuple[object, ...], state: dict[str, object]) -> E:
    error = kind.__new__(kind, *args)
    error.args = args  # TimeoutError's __new__ leaves this to __init__
    error.__dict__.update(state)
    return error


class TokenKitError(Exception):
    """The base of every error that tokenkit raises."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message: str = message

    # Exception's own __reduce__ calls the class with `args`, which keyword-only
    # arguments of subclasses would break.
    def __reduce__(
        self,
    ) -> tuple[Any, tuple[type[Self], tuple[object, ...], dict[str, object]]]:
        return _rebuild, (type(self), self.args, self.__dict__.copy())


class ConfigurationError(TokenKitError):
    """A client, a strategy or a secret source that cannot work as it is set up."""


class InvalidInputError(TokenKitError, ValueError):
    """Arguments that the vendor's documentation rules out; nothing was sent.

    Attributes:
        errors: Every problem found, not only the first.
    """

    def __init__(self, subject: str, errors: tuple[FieldError, ...]) -> None:
        listed = "; ".join(str(error) for error in errors)
        super().__init__(f"{subject} is not valid: {listed}")
        self.errors: tuple[FieldError, ...] = errors


class InterruptedMintError(TokenKitError):
    """An earlier bulk run sent this call and was interrupted before its result was known.

    The call opens a payment or a fund session, so it isn't sent again: look the payment up, for
    example by its ``reference_id``, and mint with ``create_...`` where there is none.
    """


class ClientClosedError(TokenKitError):
    """The client was used after it was closed."""


class TransportError(TokenKitError):
    """No complete answer arrived.

    Attributes:
        attempts: How many times the request was tried.
    """

    def __init__(self, message: str, *, attempts: int = 1) -> None:
        super().__init__(message)
        self.attempts: int = attempts


class ConnectError(TransportError):
    """No connection could be made: the name lookup, the connection or TLS failed."""


class ConnectionLostError(TransportError):
    """The connection broke or was closed after it was made."""


class ProtocolError(TransportError):
    """The peer does not speak proper HTTP."""


class RequestTimeoutError(TransportError, TimeoutError):
    """One step (connect, read, write) took longer than its timeout."""


class DeadlineExceeded(RequestTimeoutError):  # noqa: N818 - the name that gRPC and others use
    """The call's deadline, over all attempts and waits, has passed."""


class APIError(TokenKitError):
    """The vendor answered that it failed.

    The attributes are those of :class:`FailedAnswer`.
    """

    def __init__(self, answer: FailedAnswer) -> None:
        super().__init__(answer.message)
        self.answer: FailedAnswer = answer
        self.status: int = answer.status
        self.code: str | None = answer.code
        self.errors: tuple[FieldError, ...] = answer.errors
        self.hint: str | None = answer.hint
        self.request_id: str | None = answer.request_id
        self.retry_after: float | None = answer.retry_after
        self.rate_limit: RateLimit | None = answer.rate_limit
        self.method: str = answer.method
        self.url: str = answer.url
        self.headers: Mapping[str, str] = answer.headers
        self.body: str = answer.body
        self.attempts: int = answer.attempts

    def _details(self) -> list[str]:
        details = [str(error) for error in self.errors]
        if self.retry_after is not None:
            details.append(f"retry_after={self.retry_after:g}")
        if self.request_id is not None:
            details.append(f"request_id={self.request_id}")
        return details

    def __str__(self) -> str:
        code = f" {self.code}" if self.code else ""
        details = self._details()
        shown = f" ({'; '.join(details)})" if details else ""
        hint = f" — {self.hint}" if self.hint else ""
        return f"HTTP {self.status}{code}: {self.message}{shown}{hint}"


class BadRequestError(APIError):
    """HTTP 400: the vendor found the request malformed."""


class AuthenticationError(APIError):
    """HTTP 401: the credentials or the signature were refused."""


class PermissionDeniedError(APIError):
    """HTTP 403: the credentials do not allow this."""


class NotFoundError(APIError):
    """HTTP 404: what the request names does not exist."""


class ConflictError(APIError):
    """HTTP 409: the request contradicts the vendor's state."""


class UnprocessableError(APIError):
    """HTTP 422: the vendor understood the request and refuses its content."""


class RateLimitError(APIError):
    """HTTP 429: too many requests; ``retry_after`` tells how long to wait."""


class ServerError(APIError):
    """HTTP 5xx: the vendor, or something in front of it, failed."""


class DecodeError(TokenKitError):
    """A successful answer that cannot be read.

    The message names the place and the types found, never text values: a truncated answer
    may hold the token.

    Attributes:
        path: The JSON path of the trouble, such as ``$.data.token``; ``$`` is the whole answer.
        status: The HTTP status.
        content_type: The answer's content type.
        request_id: The id by which the vendor can find the request.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str = "$",
        status: int | None = None,
        content_type: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.path: str = path
        self.status: int | None = status
        self.content_type: str | None = content_type
        self.request_id: str | None = request_id


class ResponseTooLarge(TokenKitError):  # noqa: N818 - reads better in an except clause
    """An answer whose decoded body is larger than the limit of 8 MiB."""


class StoreError(TokenKitError):
    """A shared token store cannot be asked: it is down, too slow, or refuses to write.

    A store raises it; :meth:`get_token` then does without the store. A caller sees it only where
    a token was revoked, or invalidated, and the other processes could not be told.
    """


class UnexpectedRedirect(TokenKitError):  # noqa: N818 - reads better in an except clause
    """A redirect, which is never followed: it would hand the request to another address.

    Attributes:
        status: The HTTP status, a 3xx.
        location: Where the answer pointed, without its query.
    """

    def __init__(self, message: str, *, status: int, location: str | None) -> None:
        super().__init__(message)
        self.status: int = status
        self.location: str | None = location
