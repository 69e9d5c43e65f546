"""What happens during a call, as records that hold no secrets."""

from typing import Literal, TypeAlias

import attrs

__all__ = [
    "AttemptSent",
    "CallFailed",
    "Record",
    "ResponseReceived",
    "RetryPlanned",
    "StoreFailed",
    "TokenMinted",
    "TokenServed",
]


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


@attrs.frozen(kw_only=True)
class TokenServed:
    """A token that was minted before is handed out again.

    Attributes:
        source: Where it was kept: in this ``process``, or in the shared ``store``.
        age: The seconds since it was minted.
        left: The seconds until it ends.
    """

    source: Literal["process", "store"]
    age: float
    left: float


@attrs.frozen(kw_only=True)
class TokenMinted:
    """A token was minted, as none that is kept could be handed out.

    Attributes:
        reason: ``missing``: there was none that lives long enough; ``renewed``: there is one that
            soon ends; ``store failed``: the shared store could not be asked.
    """

    reason: Literal["missing", "renewed", "store failed"]


@attrs.frozen(kw_only=True)
class StoreFailed:
    """The shared store could not be asked, and is left alone for a while.

    Attributes:
        error: What went wrong, as the error's class.
        seconds: The time that was lost with it.
    """

    error: str
    seconds: float


Record: TypeAlias = (
    AttemptSent
    | CallFailed
    | ResponseReceived
    | RetryPlanned
    | StoreFailed
    | TokenMinted
    | TokenServed
)
