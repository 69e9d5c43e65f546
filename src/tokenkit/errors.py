"""Every error that tokenkit raises.

    TokenKitError
    ├── ConfigurationError            a client, strategy or secret source that cannot work
    ├── InvalidInputError             also a ValueError; nothing was sent
    ├── ClientClosedError             the client was used after close()
    ├── TransportError                no complete response arrived
    │   ├── ConnectError              no connection: name lookup, connecting or TLS failed
    │   ├── ConnectionLostError       the connection broke after it was made
    │   ├── ProtocolError             the peer sent invalid HTTP
    │   └── RequestTimeoutError       also a builtins.TimeoutError
    │       └── DeadlineExceeded      the call's whole time is used up
    ├── APIError                      the vendor reported a failure
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
    ├── MismatchedResponse            a response to another request
    ├── ResponseTooLarge              a response beyond the size limit
    ├── StoreError                    a shared token store failed
    └── UnexpectedRedirect            a 3xx, which is never followed

Each can be created from a message alone. Errors contain only plain values, so they can be pickled
and copied. The call's secrets and tokens are redacted in everything that an error contains.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from typing_extensions import Self, Unpack

from ._error_details import (
    REFUSED_STATUSES,
    CallContext,
    FailureDetails,
    FieldError,
    Outcome,
    RateLimit,
    input_text,
    problem_text,
    rebuilt,
)

__all__ = [
    "APIError",
    "AuthenticationError",
    "BadRequestError",
    "CallContext",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "ConnectError",
    "ConnectionLostError",
    "DeadlineExceeded",
    "DecodeError",
    "FailureDetails",
    "FieldError",
    "InterruptedMintError",
    "InvalidInputError",
    "MismatchedResponse",
    "NotFoundError",
    "Outcome",
    "PermissionDeniedError",
    "ProtocolError",
    "RateLimit",
    "RateLimitError",
    "RequestTimeoutError",
    "ResponseTooLarge",
    "ServerError",
    "StoreError",
    "TokenKitError",
    "TokenKitWarning",
    "TransportError",
    "UnexpectedRedirect",
    "UnprocessableError",
]


class TokenKitWarning(UserWarning):
    """The base of tokenkit's warnings."""


class TokenKitError(Exception):
    """The base of every error that tokenkit raises.

    Attributes:
        message: What went wrong.
        vendor, operation, request_id, attempts, outcome: See :class:`CallContext`.
    """

    usual_outcome: ClassVar[Outcome] = "not performed"
    """The ``outcome`` of an error that is created without one."""

    def __init__(self, text: str = "", **context: Unpack[CallContext]) -> None:
        super().__init__(text)
        self.message: str = text
        self.vendor: str | None = context.get("vendor")
        self.operation: str | None = context.get("operation")
        self.request_id: str | None = context.get("request_id")
        self.attempts: int = context.get("attempts", 0)
        self.outcome: Outcome = context.get("outcome", self.usual_outcome)

    # Exception's own __reduce__ calls the class with `args`, which would lose all attributes.
    def __reduce__(
        self,
    ) -> tuple[Any, tuple[type[Self], tuple[object, ...], dict[str, object]]]:
        return rebuilt, (type(self), self.args, self.__dict__.copy())


class ConfigurationError(TokenKitError):
    """A client, a strategy or a secret source is set up wrongly.

    Attributes:
        problems: Every problem found; the message has a line for each if there are several.
    """

    def __init__(
        self, text: str = "", problems: Sequence[str] = (), **context: Unpack[CallContext]
    ) -> None:
        super().__init__(problem_text(text, problems) if problems else text, **context)
        self.problems: tuple[str, ...] = tuple(problems) or ((text,) if text else ())


class InvalidInputError(TokenKitError, ValueError):
    """Arguments that the vendor's documentation rules out; nothing was sent.

    Args:
        text: What got the arguments; without ``errors``, the whole message.
        errors: Every problem found, not only the first; an attribute too.
        **context: See :class:`CallContext`.
    """

    def __init__(
        self, text: str = "", errors: Sequence[FieldError] = (), **context: Unpack[CallContext]
    ) -> None:
        super().__init__(input_text(text, errors), **context)
        self.errors: tuple[FieldError, ...] = tuple(errors)


class InterruptedMintError(TokenKitError):
    """An earlier bulk run sent this call and was interrupted before its result was known.

    The call opens a payment or a fund session, so it isn't sent again: look the payment up, for
    example by its ``reference_id``, and mint with ``create_...`` if there is none.
    """

    usual_outcome: ClassVar[Outcome] = "unknown"


class ClientClosedError(TokenKitError):
    """The client was used after it was closed."""


class TransportError(TokenKitError):
    """No complete response arrived."""

    usual_outcome: ClassVar[Outcome] = "unknown"


class ConnectError(TransportError):
    """No connection could be made: the name lookup, the connection or TLS failed."""

    usual_outcome: ClassVar[Outcome] = "not performed"


class ConnectionLostError(TransportError):
    """The connection broke or was closed after it was made."""


class ProtocolError(TransportError):
    """The peer sent invalid HTTP."""


class RequestTimeoutError(TransportError, TimeoutError):
    """One step (connect, read, write) took longer than its timeout."""


class DeadlineExceeded(RequestTimeoutError):  # noqa: N818 - the name that gRPC and others use
    """The call's deadline, over all attempts and waits, has passed."""


class APIError(TokenKitError):
    """The vendor reported a failure.

    Args:
        text: The error's text.
        **details: Its attributes; see :class:`FailureDetails` and :class:`CallContext`.
    """

    usual_status: ClassVar[int] = 0
    """The ``status`` of an error that is created without one."""

    def __init__(self, text: str = "", **details: Unpack[FailureDetails]) -> None:
        status = details.get("status", self.usual_status)
        refused = status in REFUSED_STATUSES or status == 429  # noqa: PLR2004 - HTTP's own number
        super().__init__(
            text,
            vendor=details.get("vendor"),
            operation=details.get("operation"),
            request_id=details.get("request_id"),
            attempts=details.get("attempts", 0),
            outcome=details.get("outcome", "not performed" if refused else "unknown"),
        )
        self.message: str = details.get("message", text)
        self.status: int = status
        self.code: str | None = details.get("code")
        self.errors: tuple[FieldError, ...] = tuple(details.get("errors", ()))
        self.hint: str | None = details.get("hint")
        self.retry_after: float | None = details.get("retry_after")
        self.rate_limit: RateLimit | None = details.get("rate_limit")
        self.method: str = details.get("method", "")
        self.url: str = details.get("url", "")
        self.headers: Mapping[str, str] = dict(details.get("headers", {}))
        self.body: str = details.get("body", "")

    def particulars(self) -> list[str]:
        """Return the parts that follow the message in brackets; a subclass may add to them."""
        found = [str(error) for error in self.errors]
        if self.retry_after is not None:
            found.append(f"retry_after={self.retry_after:g}")
        if self.request_id is not None:
            found.append(f"request_id={self.request_id}")
        return found


class BadRequestError(APIError):
    """HTTP 400: the vendor found the request malformed."""

    usual_status = 400


class AuthenticationError(APIError):
    """HTTP 401: the credentials or the signature were refused."""

    usual_status = 401


class PermissionDeniedError(APIError):
    """HTTP 403: the credentials do not allow this."""

    usual_status = 403


class NotFoundError(APIError):
    """HTTP 404: something that the request names does not exist."""

    usual_status = 404


class ConflictError(APIError):
    """HTTP 409: the request conflicts with the vendor's state."""

    usual_status = 409


class UnprocessableError(APIError):
    """HTTP 422: the vendor understood the request but refused its content."""

    usual_status = 422


class RateLimitError(APIError):
    """HTTP 429: too many requests; ``retry_after`` says how long to wait."""

    usual_status = 429


class ServerError(APIError):
    """HTTP 5xx: the vendor, or something in front of it, failed."""

    usual_status = 500


class DecodeError(TokenKitError):
    """A success that cannot be read.

    The message names the place and the types found, never text values, because a truncated body
    may contain the token.

    Attributes:
        path: The JSON path of the problem, such as ``$.data.token``; ``$`` is the whole body.
        status: The HTTP status.
        content_type: The response's content type.
    """

    usual_outcome: ClassVar[Outcome] = "performed"

    def __init__(
        self,
        text: str = "",
        *,
        path: str = "$",
        status: int | None = None,
        content_type: str | None = None,
        **context: Unpack[CallContext],
    ) -> None:
        super().__init__(text, **context)
        self.path: str = path
        self.status: int | None = status
        self.content_type: str | None = content_type


class MismatchedResponse(TokenKitError):  # noqa: N818 - reads better in an except clause
    """A response that belongs to another request; none of it is returned."""

    usual_outcome: ClassVar[Outcome] = "unknown"


class ResponseTooLarge(TokenKitError):  # noqa: N818 - reads better in an except clause
    """A response whose decoded body is larger than the limit of 8 MiB."""

    usual_outcome: ClassVar[Outcome] = "unknown"


class StoreError(TokenKitError):
    """A shared token store failed: it is down, too slow, or refuses to write.

    ``get_token()`` continues without the store; a revocation or invalidation raises the error.
    """

    usual_outcome: ClassVar[Outcome] = "unknown"


class UnexpectedRedirect(TokenKitError):  # noqa: N818 - reads better in an except clause
    """A redirect, which is never followed because that would send the request elsewhere.

    Attributes:
        status: The HTTP status, a 3xx. Default: 302.
        location: Where the response pointed, without its query.
    """

    usual_outcome: ClassVar[Outcome] = "unknown"

    def __init__(
        self,
        text: str = "",
        *,
        status: int = 302,
        location: str | None = None,
        **context: Unpack[CallContext],
    ) -> None:
        super().__init__(text, **context)
        self.status: int = status
        self.location: str | None = location
