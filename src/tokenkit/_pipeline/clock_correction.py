"""Correct a wrong clock from the time in the vendor's error response."""

from collections.abc import Mapping

from .._policy.clock import TOLERANCE, seconds_ahead
from ..errors import APIError
from .state import CallState, FailedAttempt

__all__ = ["OUT_OF_BUDGET", "corrects_clock"]

OUT_OF_BUDGET = "it was not retried: the client's retry budget is used up (see RetryBudget)"
TWO_MINUTES, TWO_HOURS, A_WEEK = 120, 7_200, 604_800


def corrects_clock(
    state: CallState[object], failed: FailedAttempt, headers: Mapping[str, str]
) -> bool:
    """Correct the clock if it explains a failed attempt, once per call; return whether it did.

    Args:
        state: The call.
        failed: The failed attempt; its error gets a hint if the clock is off.
        headers: The response's headers.
    """
    plan = state.plan
    if not (failed.blames_credentials and plan.strategy.uses_time and state.call.authenticated):
        return False
    middle = (state.began.wall + state.at.wall) / 2
    hint = clock_hint(plan.profile.vendor, headers, middle, state.used_offset)
    if hint is not None and isinstance(failed.error, APIError):
        failed.error.hint = hint
    offset = plan.offset
    if offset is None:
        return False
    if state.offset_before is not None:
        offset.seconds = state.offset_before
        return False
    if not offset.adopt(headers, middle, state.used_offset):
        return False
    state.offset_before = state.used_offset
    if state.charge():
        return True
    offset.seconds = state.used_offset
    state.remarks += (OUT_OF_BUDGET,)
    return False


def clock_hint(vendor: str, headers: Mapping[str, str], now: float, used: float) -> str | None:
    """Return a hint with how far the clock is off; ``None`` if it isn't, or nothing says so.

    A clock that is right needs none, even if the request was signed with a wrong offset.

    Args:
        vendor: The vendor's name.
        headers: The response's headers.
        now: This machine's time halfway between sending and receiving, uncorrected.
        used: The offset that the request was signed with.
    """
    ahead = seconds_ahead(headers, now)
    if ahead is None or abs(ahead - used) <= TOLERANCE or abs(ahead) < 1:
        return None
    side = "behind" if ahead > 0 else "ahead of"
    return (
        f"this machine's clock is {_span(abs(ahead))} {side} {vendor}'s, according to the "
        "Date header of the response; set the clock"
    )


def _span(seconds: float) -> str:
    if seconds < TWO_MINUTES:
        return f"{seconds:.0f} second{'' if round(seconds) == 1 else 's'}"
    if seconds < TWO_HOURS:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.0f} hours" if seconds < A_WEEK else f"{seconds / 86400:.0f} days"
