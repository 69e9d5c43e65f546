"""The rate-limit figures of a response."""

from datetime import datetime, timezone

from ..errors import RateLimit
from .messages import Headers

__all__ = ["rate_limit_of"]

LONGEST_FIGURE = 12


def rate_limit_of(headers: Headers) -> RateLimit | None:
    """Read the figures; ``None`` if a response has none."""
    limit, remaining, reset = (
        _whole_number(headers, f"x-ratelimit-{part}") for part in ("limit", "remaining", "reset")
    )
    if limit is None and remaining is None and reset is None:
        return None
    return RateLimit(limit=limit, remaining=remaining, reset_at=_instant(reset))


def _whole_number(headers: Headers, name: str) -> int | None:
    value = headers.get(name, "")
    plain = value.isascii() and value.isdigit() and len(value) <= LONGEST_FIGURE
    return int(value) if plain else None


def _instant(seconds: int | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None
