"""What pytest shows when two values with a hidden field differ.

pytest looks into attrs classes and dataclasses by itself, past their ``repr``: a failing
``assert token == other`` would print both tokens.
"""

import dataclasses
from typing import Any

__all__ = ["explain"]

PACKAGE = __name__.partition(".testing.")[0]


def explain(left: object, right: object) -> list[str] | None:
    """Explain how two values differ, without what their ``repr`` hides.

    Args:
        left: The value left of ``==``.
        right: The value right of it.

    Returns:
        The lines to show, or None if pytest's own show nothing hidden.
    """
    if type(left) is not type(right) or not (_hides(left) or _hides(right)):
        return None
    lines = [f"{left!r} == {right!r}", ""]
    for name, shown in _fields(left):
        mine, other = getattr(left, name), getattr(right, name)
        if mine != other:
            difference = f"{mine!r} != {other!r}" if shown else "differs, and is not shown"
            lines.append(f"{name}: {difference}")
    return lines


def _hides(value: object) -> bool:
    """Return whether a value's class is from this package, or that of one of its fields is."""
    fields = _fields(value)
    ours = any(f"{base.__module__}.".startswith(f"{PACKAGE}.") for base in type(value).__mro__)
    return bool(fields) and (ours or any(_hides(getattr(value, name)) for name, _ in fields))


def _fields(value: object) -> list[tuple[str, bool]]:
    """Return the compared fields, each with whether the ``repr`` shows it."""
    declared: Any = getattr(value, "__attrs_attrs__", None)
    if declared is not None:
        return [(field.name, field.repr is True) for field in declared if field.eq]
    if dataclasses.is_dataclass(value):
        return [(field.name, field.repr) for field in dataclasses.fields(value) if field.compare]
    return []
