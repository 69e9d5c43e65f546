"""Read values in zerohash's responses: amounts, instants, statuses."""

import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import TypeVar

from ..extension import JSON, Mismatch, kind_of, text_value

__all__ = ["amount_value", "flag", "instant", "known_or_text", "text_list", "whole_value"]

E = TypeVar("E", bound=Enum)

NANOSECONDS_FROM = 10**17
MILLISECONDS_FROM = 10**11
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
TOO_LARGE = 10**100
PLAIN_AMOUNT = re.compile(r"[+-]?[0-9]{1,100}(\.[0-9]{0,100})?", re.ASCII)
ISO_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})", re.ASCII
)


def amount_value(value: JSON) -> Decimal:
    """Read an amount: a numeric string or a whole number."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < TOO_LARGE:
        return Decimal(value)
    if isinstance(value, str) and PLAIN_AMOUNT.fullmatch(value):
        return Decimal(value)
    raise Mismatch(f"expected an amount as a string, found {kind_of(value)}")


def instant(value: JSON) -> datetime:
    """Read an instant: ISO 8601 with a time zone, or a number since 1970.

    zerohash's sources disagree on the unit of a number, so its magnitude decides (inferred):
    nanoseconds from 10^17 on, milliseconds from 10^11 on, seconds below.
    """
    if isinstance(value, str):
        return _iso_instant(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Mismatch(f"expected an instant, found {kind_of(value)}")
    try:
        if value >= NANOSECONDS_FROM:
            return EPOCH + timedelta(microseconds=int(value) // 1000)
        if value >= MILLISECONDS_FROM:
            return EPOCH + timedelta(milliseconds=value)
        return EPOCH + timedelta(seconds=value)
    except (OverflowError, ValueError):
        pass
    raise Mismatch("expected an instant, found a number out of range")


def _iso_instant(value: str) -> datetime:
    parts = ISO_INSTANT.fullmatch(value)
    if parts is not None:
        fraction = (parts[3] or "").ljust(6, "0")[:6]
        zone = "+00:00" if parts[4] == "Z" else parts[4]
        try:
            read = datetime.fromisoformat(f"{parts[1]}T{parts[2]}.{fraction}{zone}")
            return read.astimezone(timezone.utc)
        except (OverflowError, ValueError):
            pass
    raise Mismatch("expected an instant as ISO 8601 with a time zone, found other text")


def known_or_text(value: JSON, known: type[E]) -> E | str:
    """Read a string of an open set; a known one becomes a member of the enum."""
    text = text_value(value)
    return next((member for member in known if member.value == text), text)


def text_list(value: JSON) -> tuple[str, ...]:
    """Read a list of strings."""
    if not isinstance(value, list):
        raise Mismatch(f"expected an array, found {kind_of(value)}")
    return tuple(text_value(item) for item in value)


def whole_value(value: JSON) -> int:
    """Read a whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Mismatch(f"expected a whole number, found {kind_of(value)}")
    return value


def flag(value: JSON) -> bool:
    """Read a boolean."""
    if not isinstance(value, bool):
        raise Mismatch(f"expected a boolean, found {kind_of(value)}")
    return value
