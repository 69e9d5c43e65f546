"""Checks and converters for the fields of request models.

A converter never raises: it returns a value that it can't convert unchanged, and the check
reports the problem, so that all problems of a model are reported together.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from enum import Enum
from typing import Any, TypeVar, cast

from .json import JSON, is_tuple, quoted, type_of
from .request import Check, copied, json_object

__all__ = [
    "amount",
    "aware_datetime",
    "choice_problem",
    "copy_mapping",
    "edits",
    "instance",
    "instances",
    "integer",
    "json_object",
    "one_of",
    "permissions",
    "plain_decimal",
    "suggestion",
    "text",
    "texts",
    "to_decimal",
    "to_decimal_or_none",
    "to_texts",
    "to_texts_or_none",
    "to_tuple",
]

T = TypeVar("T")

MAX_TEXT = 65_536
MAX_DIGITS = 100
FEW_EDITS = 5
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
SURROGATE = re.compile(r"[\ud800-\udfff]")
PLAIN_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)


def text(*, min_length: int = 1, max_length: int = MAX_TEXT) -> Check:
    """Check for a string within limits, without control characters or lone surrogates."""

    def check(value: object) -> str | None:
        if not isinstance(value, str):
            return f"must be a string, not {type_of(value)}"
        length = len(value)
        if length < min_length <= 1:
            return "must not be empty"
        if not min_length <= length <= max_length:
            wanted = (
                f"exactly {min_length}"
                if min_length == max_length
                else f"at most {max_length}"
                if min_length <= 1
                else f"{min_length} to {max_length}"
            )
            return f"must have {wanted} characters, not {length}"
        plain = value.isascii() and value.isprintable()  # a third of the time of the searches
        if not plain and CONTROL_CHARACTER.search(value):
            return "must not contain control characters such as line breaks"
        if not plain and SURROGATE.search(value):
            return "must not contain lone surrogates, which UTF-8 cannot encode"
        return None

    return check


def _each(value: object, one: Check, wanted: str, min_items: int) -> str | None:
    """Check a list, which a converter turned into a tuple, and each of its items."""
    if isinstance(value, list):
        return "must be a tuple: the model's field needs a converter, such as to_texts"
    if not is_tuple(value):
        return f"must be a list of {wanted}, not {_kind_of_single(value)}"
    if len(value) < min_items:
        return "must not be empty"
    for index, item in enumerate(value):
        if (problem := one(item)) is not None:
            return f"item {index} {problem}"
    return None


def _kind_of_single(value: object) -> str:
    return "a single string" if isinstance(value, str) else type_of(value)


def texts(*, min_items: int = 0) -> Check:
    """Check for a list of strings, none of them empty."""
    one = text()
    return lambda value: _each(value, one, "strings", min_items)


def permissions(value: object) -> str | None:
    """Check for a list of permissions: numbers or names."""
    return _each(value, _permission, "permissions", 0)


def _permission(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return None
    return text()(value) if isinstance(value, str) else "must be a number or a name"


def one_of(*allowed: str) -> Check:
    """Check for one of a closed set of strings.

    Raises:
        TypeError: They are not strings, as if a list were given.
    """
    if not all(isinstance(one, str) for one in cast("tuple[object, ...]", allowed)):
        raise TypeError("one_of() takes strings, such as one_of('email', 'sms')")

    def check(value: object) -> str | None:
        if choice_problem(value, allowed) is None:
            return None
        if not isinstance(value, str):
            return f"must be {_listed(allowed)}, not {type_of(value)}"
        # Not quoted: it may be a token that took the value's place.
        hint = suggestion(value, allowed).removeprefix("; ")
        return f"must be {_listed(allowed)}" + (f" ({hint})" if hint else "")

    return check


def choice_problem(value: object, choices: Collection[str]) -> str | None:
    """Return why a value is none of a few strings, as a phrase, or ``None``.

    Args:
        value: The value. The phrase quotes it, so it must not be a secret.
        choices: The strings.
    """
    if isinstance(value, str) and value in choices:
        return None
    return f"must be {_listed(choices)}, not {quoted(value)}{suggestion(value, choices)}"


def _listed(choices: Collection[str]) -> str:
    if len(choices) > 2:  # noqa: PLR2004 - a pair reads better with "or"
        return f"one of {', '.join(map(repr, choices))}"
    return " or ".join(map(repr, choices))


def suggestion(name: object, known: Iterable[str]) -> str:
    """Return a hint at the name that is probably meant, or nothing."""
    nearest = get_close_matches(name, known, n=1) if isinstance(name, str) else ()
    return "".join(f"; did you mean {one!r}?" for one in nearest)


def edits(one: str, other: str) -> int:
    """Count the characters to add, drop or change to turn one text into the other.

    For texts of very different lengths, the count is the difference in length.
    """
    if abs(len(one) - len(other)) > FEW_EDITS:
        return abs(len(one) - len(other))
    before = list(range(len(other) + 1))
    for row, left in enumerate(one, start=1):
        now = [row]
        for column, right in enumerate(other):
            now.append(
                min(before[column + 1] + 1, now[column] + 1, before[column] + (left != right))
            )
        before = now
    return before[-1]


def instance(model: type) -> Check:
    """Check for a nested object of its class; a mapping is not accepted."""
    article = "an" if model.__name__.startswith(("A", "E", "I", "O")) else "a"  # but a User

    def check(value: object) -> str | None:
        if isinstance(value, model):
            return None
        return f"must be {article} {model.__name__}(...), not {type_of(value)}"

    return check


def instances(model: type, *, min_items: int = 0) -> Check:
    """Check for a list of nested objects."""
    one = instance(model)
    return lambda value: _each(value, one, f"{model.__name__} objects", min_items)


def integer(*, minimum: int | None = None, maximum: int | None = None) -> Check:
    """Check for an integer within limits; refuses ``True`` and ``1.0``."""
    limits = {"at least": minimum, "at most": maximum}
    wanted = " and ".join(f"{word} {limit}" for word, limit in limits.items() if limit is not None)

    def check(value: object) -> str | None:
        if isinstance(value, bool) or not isinstance(value, int):
            return f"must be a whole number, not {type_of(value)}"
        too_small = minimum is not None and value < minimum
        too_large = maximum is not None and value > maximum
        return f"must be {wanted}" if too_small or too_large else None

    return check


def amount(*, integer: bool = False) -> Check:
    """Check for an exact number: a Decimal, an int or a numeric string."""

    def check(value: object) -> str | None:
        if not isinstance(value, Decimal):
            return "must be a Decimal, an int or a numeric string; a float loses digits"
        if not value.is_finite():
            return "must be a finite number"
        if abs(value.adjusted()) > MAX_DIGITS or len(value.as_tuple().digits) > MAX_DIGITS:
            return f"must not have more than {MAX_DIGITS} digits"
        if integer and value != value.to_integral_value():
            return "must be a whole number"
        return None

    return check


def aware_datetime(value: object) -> str | None:
    """Check for a datetime with a time zone."""
    if not isinstance(value, datetime):
        return f"must be a datetime, not {type_of(value)}"
    if value.utcoffset() is None:
        return "must be a datetime with a time zone, such as datetime.now(timezone.utc)"
    return None


def plain_decimal(value: Decimal) -> JSON:
    """Write a number as a string with all its digits and without an exponent."""
    return format(value, "f")


def to_decimal(value: Decimal | str | int) -> Decimal:
    """Turn an int or a numeric string into a Decimal."""
    number: Any = value  # typed for the good case: the check refuses whatever stays unconverted
    if (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, str) and PLAIN_NUMBER.fullmatch(value)
    ):
        number = Decimal(value)
    converted: Decimal = number
    return converted


def to_decimal_or_none(value: Decimal | str | int | None) -> Decimal | None:
    """Turn an int or a numeric string into a Decimal; keep ``None``."""
    return None if value is None else to_decimal(value)


def _is_plural(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return True
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))


def to_tuple(value: Iterable[T]) -> tuple[T, ...]:
    """Turn an iterable into a tuple of its items, enum members as their values.

    For a field, wrap it in a function that names the items' type: mypy takes no generic
    converters.
    """
    items: Any = value  # typed for the good case: the check refuses whatever stays unconverted
    if _is_plural(value):
        items = tuple(item.value if isinstance(item, Enum) else item for item in value)
    converted: tuple[T, ...] = items
    return converted


def to_texts(value: Iterable[str]) -> tuple[str, ...]:
    """Turn an iterable of strings into a tuple, string enums as their values."""
    return to_tuple(value)


def to_texts_or_none(value: Iterable[str] | None) -> tuple[str, ...] | None:
    """Turn an iterable of strings into a tuple; keep ``None``."""
    return None if value is None else to_tuple(value)


def copy_mapping(value: Mapping[str, JSON] | None) -> Mapping[str, JSON] | None:
    """Copy a mapping, so that a later change to it cannot change the request; keep ``None``."""
    return None if value is None else copied(value)
