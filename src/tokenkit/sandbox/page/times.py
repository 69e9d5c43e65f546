"""Times and durations, for people."""

from datetime import datetime, timedelta

from ..clock import EPOCH
from .markup import Markup, tag

__all__ = ["moment", "span"]

UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def moment(at: datetime | float) -> Markup:
    """Write a moment in UTC to the second."""
    if not isinstance(at, datetime):
        at = EPOCH + timedelta(seconds=at)
    return tag("time", f"{at:%Y-%m-%d %H:%M:%S}", datetime=at.isoformat(timespec="seconds"))


def span(seconds: float) -> str:
    """Write a duration in the largest unit that fits twice, rounded down: 119 minutes, 2 hours."""
    whole = int(abs(seconds))
    unit, size = next(((unit, size) for unit, size in UNITS if whole >= 2 * size or size == 1))
    count = whole // size
    return f"{count} {unit}{'' if count == 1 else 's'}"
