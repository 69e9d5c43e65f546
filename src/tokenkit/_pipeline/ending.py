"""What the error of a call tells of the call as a whole, whatever its last attempt was."""

from collections.abc import Sequence

from .._model.messages import Headers
from .._policy.clock import TOLERANCE, seconds_ahead
from ..errors import APIError, Outcome, TokenKitError, describe

__all__ = ["clock_hint", "combined", "complete"]

OUT_OF_BUDGET = "it was not tried again, as the client's retry budget is used up (see RetryBudget)"
TWO_MINUTES, TWO_HOURS, A_WEEK = 120, 7_200, 604_800


def combined(earlier: Outcome, latest: Outcome) -> Outcome:
    """Return the outcome of a call, from that of its attempts so far and of the latest."""
    if "performed" in (earlier, latest):
        return "performed"
    return "unknown" if "unknown" in (earlier, latest) else "not performed"


def complete(
    error: TokenKitError,
    *,
    vendor: str,
    operation: str,
    request_id: str | None,
    attempts: int,
    outcome: Outcome,
    remarks: Sequence[str],
) -> None:
    """Tell an error which call it ended, and how that call went.

    Args:
        error: The error.
        vendor: See :class:`~tokenkit.errors.CallContext`, as for the following.
        operation: Likewise.
        request_id: The id that was sent; the vendor's own stays.
        attempts: See above.
        outcome: See above.
        remarks: Sentences to add to the error's text.
    """
    error.vendor = vendor
    error.operation = operation
    error.attempts = attempts
    error.outcome = outcome
    # A vendor's text names the id that the vendor gave.
    said = describe(error) if isinstance(error, APIError) else None
    if error.request_id is None:
        error.request_id = request_id
    if said is not None:
        text = said
    elif error.request_id is not None:
        text = f"{error} (request_id={error.request_id})"
    else:
        text = str(error)
    error.args = (
        ". ".join(
            (text.rstrip(".") if remarks else text, *(one[0].upper() + one[1:] for one in remarks))
        ),
    )


def clock_hint(vendor: str, headers: Headers, now: float, used: float) -> str | None:
    """Return by how much a clock is off; ``None`` if it isn't, or nothing says so.

    Args:
        vendor: The vendor's name.
        headers: The refusal's headers.
        now: Our time at the middle between sending and receiving, uncorrected.
        used: The offset that the refused request was signed with.
    """
    ahead = seconds_ahead(headers, now)
    if ahead is None or abs(ahead - used) <= TOLERANCE:
        return None
    side = "behind" if ahead > 0 else "ahead of"
    return (
        f"this machine's clock is {_span(abs(ahead))} {side} {vendor}'s, by the Date header of "
        "the response; set the clock"
    )


def _span(seconds: float) -> str:
    if seconds < TWO_MINUTES:
        return f"{seconds:.0f} seconds"
    if seconds < TWO_HOURS:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.0f} hours" if seconds < A_WEEK else f"{seconds / 86400:.0f} days"
