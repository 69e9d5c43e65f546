"""What one attempt came to: a reply, or a failed attempt and whether it may be repeated."""

import re
from datetime import datetime, timezone
from typing import TypeVar

import attrs

from .._model.call import Call, Repeat, Reply
from .._model.messages import REDIRECTS, SUCCESSES, Headers, Request, Response
from .._policy.failure import read_failure, request_id_of
from .._policy.profile import Profile
from .._redaction import Hidden, escaped, mask_tokens
from ..errors import (
    DeadlineExceeded,
    MismatchedResponse,
    Outcome,
    ProtocolError,
    ResponseTooLarge,
    TokenKitError,
    TransportError,
)
from .effects import AttemptOutcome, NoResponse
from .success import read_success, unexpected_redirect

__all__ = ["Circumstances", "FailedAttempt", "judge"]

T = TypeVar("T")

# What libraries quote may be a piece of the response: their text ends where a quotation begins.
QUOTATION = re.compile(r"""\bbytearray\(|\bb["']|(?<!\w)["']""")
SEPARATOR = "\x1e"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Circumstances:
    """What an attempt is judged by, beside its outcome.

    Attributes:
        profile: The vendor.
        request: The request, unsigned.
        request_id: The id that was sent with it; empty where the vendor takes none.
        repeat: When the call may be sent again.
        hidden: What must not be shown.
        wall: The time of day at the end of the attempt.
        offset: How far the vendor's clock is known to be ahead, in seconds.
        attempts: How many times the request was sent.
    """

    profile: Profile
    request: Request
    request_id: str
    repeat: Repeat
    hidden: Hidden
    wall: float
    offset: float
    attempts: int


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FailedAttempt:
    """An attempt that failed.

    Attributes:
        error: The error that it means, should the call end with it.
        repeatable: Whether the request may be sent again.
        outcome: Whether the vendor carried out the request.
        status: The HTTP status, if a response arrived.
        asked_wait: The seconds that the vendor asks to wait, or documents.
        blames_credentials: Whether the credentials, the signature or its time were refused.
        distrusts_connection: Whether the connection may hold other requests' responses.
    """

    error: TokenKitError
    repeatable: bool
    outcome: Outcome
    status: int | None = None
    asked_wait: float | None = None
    blames_credentials: bool = False
    distrusts_connection: bool = False


def judge(
    call: Call[T], outcome: AttemptOutcome, under: Circumstances
) -> Reply[T] | FailedAttempt:
    """Return a reply, or the failed attempt.

    Args:
        call: The call.
        outcome: What the attempt brought.
        under: Everything else that it is judged by.
    """
    if isinstance(outcome, NoResponse):
        return _judge_no_response(outcome, under)
    if outcome.status in SUCCESSES:
        return _judge_success(call, outcome, under)
    if outcome.status in REDIRECTS:
        location = escaped(under.hidden.redact(outcome.headers.get("location", "")))
        return FailedAttempt(
            error=unexpected_redirect(outcome, location),
            repeatable=False,
            outcome="unknown",
            status=outcome.status,
        )
    return _judge_failure(outcome, under)


def request_id_in(headers: Headers, under: Circumstances) -> str | None:
    """Return the id of a response, as it may be shown."""
    found = request_id_of(headers, under.profile.request_id_header)
    # Ours, echoed, is no secret, and most responses echo it.
    if found is None or found == under.request_id:
        return found
    return escaped(under.hidden.redact(found))


def _judge_success(
    call: Call[T], response: Response, under: Circumstances
) -> Reply[T] | FailedAttempt:
    if _is_foreign(response, under):
        return _foreign(
            response,
            "the response carries the request id of another request, so nothing of it is used",
        )
    request_id = request_id_in(response.headers, under)
    received_at = datetime.fromtimestamp(under.wall + under.offset, timezone.utc)
    value = read_success(
        call, response, under.hidden, request_id, received_at, under.request.origin
    )
    if value is None:
        return _judge_failure(response, under)
    if isinstance(value, MismatchedResponse):
        return _foreign(response, str(value))
    if isinstance(value, TokenKitError):
        return FailedAttempt(
            error=value, repeatable=False, outcome="performed", status=response.status
        )
    return Reply(
        value=value.value,
        status=response.status,
        headers=_safe_headers(response.headers, under.hidden),
        request_id=request_id,
        attempts=under.attempts,
        body=value.body,
        received_at=received_at,
    )


def _foreign(response: Response, problem: str) -> FailedAttempt:
    return FailedAttempt(
        error=MismatchedResponse(f"HTTP {response.status}: {problem}"),
        repeatable=False,
        outcome="unknown",
        status=response.status,
        distrusts_connection=True,
    )


def _is_foreign(response: Response, under: Circumstances) -> bool:
    if not under.profile.echoes_request_id:
        return False
    echoed = response.headers.get(under.profile.request_id_header or "", "")
    return bool(echoed) and echoed.lower() != under.request_id.lower()


def _safe_headers(headers: Headers, hidden: Hidden) -> Headers:
    """Return a success's headers, without what a server may have written back of the request."""
    together = SEPARATOR.join(headers.values())
    if hidden.redact_headers(together) == together:
        return headers
    return Headers({name: hidden.redact(value) for name, value in headers.items()})


def _judge_no_response(outcome: NoResponse, under: Circumstances) -> FailedAttempt:
    partial = outcome.response
    if partial is not None and partial.status not in (*SUCCESSES, *REDIRECTS):
        return _judge_failure(partial, under)
    error = outcome.error(_message_of(outcome, under))
    unknown: Outcome = "unknown" if outcome.sent else "not performed"
    if issubclass(outcome.error, ResponseTooLarge):
        began = partial is not None and partial.status in SUCCESSES
        return FailedAttempt(
            error=error, repeatable=False, outcome="performed" if began else unknown
        )
    in_time = not issubclass(outcome.error, DeadlineExceeded)
    return FailedAttempt(
        error=error,
        repeatable=in_time and (not outcome.sent or under.repeat is Repeat.SAFE),
        outcome=unknown,
        status=None if partial is None else partial.status,
    )


def _message_of(outcome: NoResponse, under: Circumstances) -> str:
    message = under.hidden.redact(outcome.message)
    if outcome.error in (ProtocolError, TransportError):
        origin = under.request.origin
        where = origin if message.startswith(origin) else ""
        said = QUOTATION.split(message.removeprefix(where), maxsplit=1)[0].rstrip(" :(")
        message = where + mask_tokens(said)
    return escaped(message)


def _judge_failure(response: Response, under: Circumstances) -> FailedAttempt:
    rules, status, headers = under.profile.retries, response.status, response.headers
    asked_wait = rules.wait(status, headers, under.wall)
    error = read_failure(
        response,
        under.request,
        reader=under.profile.read_failure,
        request_id_header=under.profile.request_id_header,
        hidden=under.hidden,
        retry_after=asked_wait,
    )
    return FailedAttempt(
        error=error,
        repeatable=rules.allow(status, headers, under.repeat),
        outcome=rules.outcome(status, headers),
        status=status,
        asked_wait=asked_wait,
        blames_credentials=under.profile.blames_credentials(error),
    )
