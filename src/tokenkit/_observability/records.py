"""What happens during a call, as records that contain no secrets."""

from typing import Literal, TypeAlias

import attrs

from ..errors import Outcome

__all__ = [
    "AttemptSent",
    "CallFailed",
    "CallSucceeded",
    "Record",
    "ResponseReceived",
    "RetryPlanned",
    "StoreFailed",
    "TokenMinted",
    "TokenServed",
]


def _one_line(text: str) -> str:
    """Join lines: a log has a line for each record."""
    return " ".join(text.splitlines())


@attrs.frozen(kw_only=True)
class AttemptSent:
    """A request is about to be sent.

    Attributes:
        vendor: The vendor's name in lower case, such as ``zdk``.
        operation: The client's method, or for ``request()`` the HTTP method and the path.
        call_id: Identifies the call: all of its records have the same one.
        method: The HTTP method.
        url: The URL, without its query.
        attempt: Which attempt this is, counted from 1.
        request_id: The id that is sent with it, if the vendor takes one.
    """

    vendor: str
    operation: str
    call_id: str
    method: str
    url: str
    attempt: int
    request_id: str | None


@attrs.frozen(kw_only=True)
class ResponseReceived:
    """A response arrived, whatever its status.

    Attributes:
        vendor, operation, call_id: See :class:`AttemptSent`.
        attempt: Which attempt this was, counted from 1.
        status: The HTTP status.
        request_id: The vendor's id for the request.
        seconds: The time from sending to the end of the response.
    """

    vendor: str
    operation: str
    call_id: str
    attempt: int
    status: int
    request_id: str | None
    seconds: float


@attrs.frozen(kw_only=True)
class RetryPlanned:
    """The call will be tried again.

    Attributes:
        vendor, operation, call_id: See :class:`AttemptSent`.
        attempt: Which attempt failed, counted from 1.
        error: The class of the failed attempt's error.
        reason: Its text, on one line.
        status: The HTTP status, if a response arrived.
        request_id: The vendor's id for the failed request.
        wait: The seconds until the next attempt.
        retry: Which retry that will be, counted from 1.
    """

    vendor: str
    operation: str
    call_id: str
    attempt: int
    error: str
    reason: str = attrs.field(converter=_one_line)
    status: int | None
    request_id: str | None
    wait: float
    retry: int


@attrs.frozen(kw_only=True)
class CallSucceeded:
    """The call returns a value.

    Attributes:
        vendor, operation, call_id: See :class:`AttemptSent`.
        status: The HTTP status.
        request_id: The vendor's id for the request.
        attempts: How many times the request was sent.
        seconds: How long the whole call took, including waits.
    """

    vendor: str
    operation: str
    call_id: str
    status: int
    request_id: str | None
    attempts: int
    seconds: float


@attrs.frozen(kw_only=True)
class CallFailed:
    """The call ends with an error.

    Attributes:
        vendor, operation, call_id: See :class:`AttemptSent`.
        error: The error's class.
        reason: Its text, on one line; empty for exceptions that aren't tokenkit's, which may say
            anything.
        outcome: Whether the vendor carried out the call.
        status: The HTTP status, if a response arrived.
        request_id: The vendor's id for the request.
        attempts: How many times the request was sent.
        seconds: How long the whole call took, including waits.
    """

    vendor: str
    operation: str
    call_id: str
    error: str
    reason: str = attrs.field(converter=_one_line)
    outcome: Outcome
    status: int | None
    request_id: str | None
    attempts: int
    seconds: float


@attrs.frozen(kw_only=True)
class TokenServed:
    """A token that was minted earlier is handed out again.

    A token from the process's memory is reported only if ``Hooks(on_token=...)`` is set.

    Attributes:
        vendor: The vendor's name.
        operation: The call that minted the token.
        source: Where it was kept: in this ``process``, or in the shared ``store``.
        age: The seconds since it was minted.
        left: The seconds until it ends.
    """

    vendor: str
    operation: str
    source: Literal["process", "store"]
    age: float
    left: float


@attrs.frozen(kw_only=True)
class TokenMinted:
    """A token was minted because no kept one could be handed out.

    Attributes:
        vendor: The vendor's name.
        operation: The call that minted it.
        reason: ``missing`` if no kept token lives long enough, ``renewed`` if the kept one expires
            soon, ``store failed`` if the shared store failed.
    """

    vendor: str
    operation: str
    reason: Literal["missing", "renewed", "store failed"]


@attrs.frozen(kw_only=True)
class StoreFailed:
    """The shared store failed and is left alone for a while.

    Attributes:
        vendor: The vendor's name.
        operation: The call whose token was requested.
        error: What went wrong, as the error's class.
        seconds: The time that this took.
    """

    vendor: str
    operation: str
    error: str
    seconds: float


Record: TypeAlias = (
    AttemptSent
    | CallFailed
    | CallSucceeded
    | ResponseReceived
    | RetryPlanned
    | StoreFailed
    | TokenMinted
    | TokenServed
)
