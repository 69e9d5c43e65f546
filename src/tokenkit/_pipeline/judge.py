"""Turn the outcome of an attempt into a reply or a failed attempt, repeatable or not."""

import re
from datetime import datetime, timezone
from typing import TypeVar

from .._model.call import Repeat, Reply
from .._model.messages import REDIRECTS, SUCCESSES, Headers, Response
from .._policy.failure import read_failure, request_id_of
from .._policy.vendor_functions import returned_or_none
from .._redaction import Hidden, escaped, redact_tokens
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
from .state import CallState, FailedAttempt
from .success import read_success, unexpected_redirect

__all__ = ["judge"]

T = TypeVar("T")

# Libraries may quote the response, so their text is cut off where a quotation begins.
QUOTATION = re.compile(r"""\bbytearray\(|\bb["']|(?<!\w)["']""")
SEPARATOR = "\x1e"


def judge(outcome: AttemptOutcome, state: CallState[T]) -> Reply[T] | FailedAttempt:
    """Return a reply, or the failed attempt.

    Args:
        outcome: The outcome of the attempt.
        state: The call; it is read, not changed.
    """
    if isinstance(outcome, NoResponse):
        return _judge_no_response(outcome, state)
    if outcome.status in SUCCESSES:
        return _judge_success(outcome, state)
    if outcome.status in REDIRECTS:
        location = escaped(state.hidden.redact(outcome.headers.get("location", "")))
        return FailedAttempt(
            error=unexpected_redirect(outcome, location),
            repeatable=False,
            outcome="unknown",
            status=outcome.status,
        )
    return _judge_failure(outcome, state)


def _judge_success(response: Response, state: CallState[T]) -> Reply[T] | FailedAttempt:
    profile, sent_id = state.plan.profile, state.request_id
    request_id = request_id_of(response.headers, profile.request_id_header)
    # Our own id is not a secret, and most responses echo it.
    if request_id and request_id != sent_id:
        if profile.echoes_request_id and sent_id and request_id.lower() != sent_id.lower():
            return _foreign(
                response,
                "the response carries the request id of another request, so none of it is used",
            )
        request_id = escaped(state.hidden.redact(request_id))
    received_at = datetime.fromtimestamp(state.at.wall + state.offset, timezone.utc)
    value = read_success(
        state.call, response, state.hidden, request_id, received_at, state.request.origin
    )
    if value is None:
        return _judge_failure(response, state)
    if isinstance(value, MismatchedResponse):
        return _foreign(response, str(value))
    if isinstance(value, TokenKitError):
        return FailedAttempt(
            error=value, repeatable=False, outcome=value.outcome, status=response.status
        )
    return Reply(
        value=value.value,
        status=response.status,
        headers=_safe_headers(response.headers, state.hidden),
        request_id=request_id,
        attempts=state.attempts,
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


def _safe_headers(headers: Headers, hidden: Hidden) -> Headers:
    """Return a success's headers, without anything secret that a server may have echoed."""
    together = SEPARATOR.join(headers.values())
    if hidden.redact_headers(together) == together:
        return headers
    return Headers({name: hidden.redact(value) for name, value in headers.items()})


def _judge_no_response(outcome: NoResponse, state: CallState[object]) -> FailedAttempt:
    partial = outcome.response
    if partial is not None and partial.status not in (*SUCCESSES, *REDIRECTS):
        return _judge_failure(partial, state)
    error = outcome.error(_message_of(outcome, state))
    unknown: Outcome = "unknown" if outcome.sent else "not performed"
    if issubclass(outcome.error, ResponseTooLarge):
        began = partial is not None and partial.status in SUCCESSES
        return FailedAttempt(
            error=error, repeatable=False, outcome="performed" if began else unknown
        )
    in_time = not issubclass(outcome.error, DeadlineExceeded)
    return FailedAttempt(
        error=error,
        repeatable=in_time and (not outcome.sent or state.repeat is Repeat.SAFE),
        outcome=unknown,
        status=None if partial is None else partial.status,
    )


def _message_of(outcome: NoResponse, state: CallState[object]) -> str:
    message = state.hidden.redact(outcome.message)
    if outcome.error in (ProtocolError, TransportError):
        origin = state.request.origin
        where = origin if message.startswith(origin) else ""
        said = QUOTATION.split(message.removeprefix(where), maxsplit=1)[0].rstrip(" :(")
        message = where + redact_tokens(said)
    return escaped(message)


def _judge_failure(response: Response, state: CallState[object]) -> FailedAttempt:
    rules, status, headers = state.plan.profile.retries, response.status, response.headers
    asked_wait = rules.wait(status, headers, state.at.wall)
    error = read_failure(
        response,
        state.request,
        reader=state.plan.profile.read_failure,
        request_id_header=state.plan.profile.request_id_header,
        hidden=state.hidden,
        retry_after=asked_wait,
    )
    return FailedAttempt(
        error=error,
        repeatable=rules.allow(status, headers, state.repeat),
        outcome=rules.outcome(status, headers),
        status=status,
        asked_wait=asked_wait,
        blames_credentials=bool(returned_or_none(state.plan.profile.blames_credentials, error)),
    )
