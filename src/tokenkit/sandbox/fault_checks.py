"""What each field of a fault accepts, and which fields go together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast, get_args

from ..errors import ConfigurationError
from .exchange import Vendor
from .fault_names import (
    VENDOR_OF,
    BadBody,
    Drop,
    NamedAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .faults import Fault

MAX_SKEW = 10**8  # seconds; beyond three years the dates could leave the calendar
EFFECTS = ("status", "delay", "drop", "body", "answer", "clock_skew")


def _one_of(allowed: tuple[str, ...]) -> tuple[Callable[[object], bool], str]:
    return (lambda value: value is None or value in allowed), f"one of {', '.join(allowed)}"


def _is_whole(value: object, lowest: int, highest: float = math.inf) -> bool:
    if value is None:
        return True
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= highest


def _is_number(value: object, lowest: float, highest: float) -> bool:
    """Tell whether it is a finite number in a range; NaN lies in none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return lowest <= value <= highest and math.isfinite(value)


def _is_path(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.startswith("/"))


def _are_texts(value: object) -> bool:
    items = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (None,)
    return all(isinstance(item, str) and item for item in items)


_FIELDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "vendor": _one_of(get_args(Vendor)),
    "path": (_is_path, "a path that starts with '/'"),
    "times": (lambda value: _is_whole(value, 1), "a whole number of at least 1, or None"),
    "share": (lambda value: value != 0 and _is_number(value, 0, 1), "above 0 and at most 1"),
    "status": (lambda value: _is_whole(value, 200, 599), "an HTTP status from 200 to 599"),
    "delay": (lambda value: _is_number(value, 0, math.inf), "a number of seconds, 0 or more"),
    "drop": _one_of(get_args(Drop)),
    "body": _one_of(get_args(BadBody)),
    "answer": _one_of(get_args(NamedAnswer)),
    "retry_after": (lambda value: _is_whole(value, 0), "whole seconds, 0 or more"),
    "missing_requirements": (_are_texts, "a list of non-empty texts"),
    "clock_skew": (
        lambda value: _is_number(value, -MAX_SKEW, MAX_SKEW),
        f"seconds, at most {MAX_SKEW} either way",
    ),
}


def check_fault(fault: Fault) -> None:
    """Raise ConfigurationError, naming the field, for a fault that cannot be."""
    for name, (fits, needs) in _FIELDS.items():
        value = getattr(fault, name)
        if not fits(value):
            raise ConfigurationError(f"a fault's {name} must be {needs}, not {value!r}")
    if not any(getattr(fault, name) for name in EFFECTS):
        raise ConfigurationError(f"a fault needs one of {', '.join(EFFECTS)}")
    if fault.status is not None and fault.answer is not None:
        raise ConfigurationError("a fault has either a status or an answer, not both")
    if fault.retry_after is not None and fault.status is None:
        raise ConfigurationError("a fault's retry_after needs a status that carries it")
    if fault.missing_requirements and fault.answer != "missing-requirements":
        raise ConfigurationError(
            "a fault's missing_requirements need answer='missing-requirements'"
        )
    if fault.answer and fault.vendor not in {None, VENDOR_OF[fault.answer]}:
        raise ConfigurationError(
            f"a fault's answer {fault.answer!r} is one of {VENDOR_OF[fault.answer]}, "
            f"not of {fault.vendor}"
        )
