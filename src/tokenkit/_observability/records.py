"""What happens during a call, as records that hold no secrets."""

from typing import TypeAlias

import attrs

__all__ = ["AttemptSent", "CallFailed", "Record", "ResponseReceived", "RetryPlanned"]


@attrs.frozen(kw_only=True)
class AttemptSent:
    """A request is about to go out.

    Attributes:
        method: The HTTP method.
        url: The URL, without its query.
        attempt: Which attempt this is, counted from 1.
    """

    method: str
    url: str
    attempt: int


@attrs.frozen(kw_only=True)
class ResponseReceived:
    """An answer came in.

    Attributes:
        status: The HTTP status.
        request_id: The id by which the vendor can find the request.
        seconds: The time from sending to the end of the answer.
    """

    status: int
    request_id: str | None
    seconds: float


@attrs.frozen(kw_only=True)
class RetryPlanned:
    """The call will be tried again.

    Attributes:
        reason: Why the attempt failed.
        wait: The seconds until the next attempt.
        retry: Which retry that will be, counted from 1.
    """

    reason: str
    wait: float
    retry: int


@attrs.frozen(kw_only=True)
class CallFailed:
    """The call ends with an error.

    Attributes:
        error: The error's class.
        reason: Its text.
        attempts: How many times the request was sent.
    """

    error: str
    reason: str
    attempts: int


Record: TypeAlias = AttemptSent | ResponseReceived | RetryPlanned | CallFailed
