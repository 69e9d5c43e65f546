"""Small checks from which zerohash's body tables are made.

A check takes a value and its path and returns the problems found, in the documented style
(``body/asset is required``, ``body/amount must be >= 0``); other wordings are modelled on it.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

from ..json_text import JSON

__all__ = ["amount", "ip_address", "list_of", "matching", "one_of", "table", "text"]

Check: TypeAlias = Callable[[JSON, str], list[str]]

DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def text(*, minimum: int = 0, maximum: int | None = None) -> Check:
    """Accept a string of a length between two bounds, both included."""

    def check(value: JSON, where: str) -> list[str]:
        if not isinstance(value, str):
            return [f"{where} must be string"]
        if len(value) < minimum:
            return [f"{where} must NOT have fewer than {minimum} characters"]
        if maximum is not None and len(value) > maximum:
            return [f"{where} must NOT have more than {maximum} characters"]
        return []

    return check


def matching(pattern: str) -> Check:
    """Accept a string that matches a whole pattern."""
    compiled = re.compile(pattern)

    def check(value: JSON, where: str) -> list[str]:
        if not isinstance(value, str):
            return [f"{where} must be string"]
        return [] if compiled.fullmatch(value) else [f'{where} must match pattern "{pattern}"']

    return check


def one_of(*allowed: str) -> Check:
    """Accept one of a few strings."""

    def check(value: JSON, where: str) -> list[str]:
        if isinstance(value, str) and value in allowed:
            return []
        return [f"{where} must be equal to one of the allowed values: {', '.join(allowed)}"]

    return check


def amount(value: JSON, where: str) -> list[str]:
    """Accept a decimal number of zero or more, as a string."""
    if not isinstance(value, str):
        return [f"{where} must be string"]
    if not DECIMAL.fullmatch(value):
        return [f"{where} must be a decimal number"]
    return [f"{where} must be >= 0"] if Decimal(value) < 0 else []


def ip_address(value: JSON, where: str) -> list[str]:
    """Accept an IP address; that it is public, as documented, is not checked."""
    try:
        ipaddress.ip_address(value if isinstance(value, str) else "")
    except ValueError:
        return [f"{where} must be an IP address"]
    return []


def list_of(item: Check, *, minimum: int = 0) -> Check:
    """Accept a list whose items all pass a check."""

    def check(value: JSON, where: str) -> list[str]:
        if not isinstance(value, Sequence) or isinstance(value, str):
            return [f"{where} must be array"]
        if len(value) < minimum:
            return [f"{where} must NOT have fewer than {minimum} items"]
        return [fault for i, child in enumerate(value) for fault in item(child, f"{where}/{i}")]

    return check


def table(fields: Mapping[str, Check], *, required: Sequence[str] = ()) -> Check:
    """Accept an object whose known fields pass their checks; unknown fields pass through."""

    def check(value: JSON, where: str) -> list[str]:
        if not isinstance(value, Mapping):
            return [f"{where} must be object"]
        missing = [f"{where}/{name} is required" for name in required if name not in value]
        wrong = [
            fault
            for name, field in fields.items()
            if name in value
            for fault in field(value[name], f"{where}/{name}")
        ]
        return missing + wrong

    return check
