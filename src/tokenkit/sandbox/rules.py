"""What values may be: rules for the fields of a fault and the options of a sandbox."""

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

__all__ = ["Rule", "number", "one_of", "optional", "positive", "whole"]

Rule: TypeAlias = tuple[Callable[[object], bool], str]
"""Whether a value is allowed, and the text that follows "must be"."""


def _is_number(value: object, lowest: float, highest: float) -> bool:
    """Return whether it is a finite number in a range; NaN lies in none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return lowest <= value <= highest and math.isfinite(value)


def number(text: str, lowest: float, highest: float = math.inf) -> Rule:
    """Allow finite numbers in a range."""
    return (lambda value: _is_number(value, lowest, highest)), text


def positive(text: str, highest: float = math.inf) -> Rule:
    """Allow finite numbers above zero."""
    return (lambda value: value != 0 and _is_number(value, 0, highest)), text


def whole(text: str, lowest: int, highest: float = math.inf) -> Rule:
    """Allow integers in a range."""
    return (
        lambda value: isinstance(value, int) and _is_number(value, lowest, highest),
        text,
    )


def one_of(allowed: Sequence[object]) -> Rule:
    """Allow a few constants."""
    # True equals 1, and a list can't be looked up in a set.
    return (
        lambda value: not isinstance(value, bool) and value in allowed,
        f"one of {', '.join(map(str, allowed))}",
    )


def optional(rule: Rule) -> Rule:
    """Allow ``None`` too."""
    fits, text = rule
    return (lambda value: value is None or fits(value)), text
