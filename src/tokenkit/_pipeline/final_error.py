"""What an error says about the call as a whole, not only its last attempt."""

from .._model.call import Repeat
from .._policy.failure import describe
from ..errors import APIError, ConfigurationError, Outcome, TokenKitError
from .state import CallState

__all__ = ["combined_outcome", "complete"]

WITHHELD = "it was deliberately not sent again"


def combined_outcome(earlier: Outcome, latest: Outcome) -> Outcome:
    """Return the outcome of a call from that of its earlier attempts and of the latest."""
    if "performed" in (earlier, latest):
        return "performed"
    return "unknown" if "unknown" in (earlier, latest) else "not performed"


def complete(error: Exception, state: CallState[object]) -> None:
    """Add to an error which call it ended and how; leave other exceptions alone."""
    if state.in_flight:
        state.outcome = combined_outcome(state.outcome, "unknown")
    if not isinstance(error, TokenKitError):
        return
    if state.failed is None or state.failed.error is not error:
        # Raised by code that doesn't know what to redact.
        error.message = state.hidden.redact(error.message)
        error.args = (state.hidden.redact(str(error)),)
        if isinstance(error, ConfigurationError):
            error.problems = tuple(map(state.hidden.redact, error.problems))
    error.vendor = state.vendor
    error.operation = state.operation
    error.attempts = state.attempts
    error.outcome = state.outcome
    error.args = (_text(error, (state.request_id or None) if state.attempts else None, state),)


def _text(error: TokenKitError, sent_id: str | None, state: CallState[object]) -> str:
    """Return the error's text with its request id, which it fills in, and the remarks."""
    # A vendor error's text has the id that the vendor gave.
    text = describe(error) if isinstance(error, APIError) else str(error)
    error.request_id = error.request_id or sent_id
    if not isinstance(error, APIError) and error.request_id is not None:
        text = f"{text} (request_id={error.request_id})"
    remarks = _remarks(state)
    if remarks:
        text = text.rstrip(".")
    return ". ".join((text, *(one[0].upper() + one[1:] for one in remarks)))


def _remarks(state: CallState[object]) -> tuple[str, ...]:
    advice = None if state.outcome == "not performed" else state.call.advice_if_unknown
    if advice is None:
        return state.remarks
    withheld = () if state.repeat is Repeat.SAFE else (WITHHELD,)
    return (*state.remarks, *withheld, advice)
