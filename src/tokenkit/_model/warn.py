"""Warnings that point at the caller's line."""

import inspect
import warnings

__all__ = ["edits", "warn_caller"]

FEW = 5
PACKAGE = __name__.rpartition("._model.")[0]


def warn_caller(message: str, category: type[Warning]) -> None:
    """Warn about the line outside this package that led here.

    Args:
        message: What is odd, and what to do.
        category: The warning's class.
    """
    frame, level = inspect.currentframe(), 1
    while frame is not None and _is_ours(str(frame.f_globals.get("__name__", PACKAGE))):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def edits(one: str, other: str) -> int:
    """Count the characters to add, drop or change to turn one text into the other.

    For texts of very different lengths, the count is the difference in length.
    """
    if abs(len(one) - len(other)) > FEW:
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


def _is_ours(module: str) -> bool:
    return module == PACKAGE or module.startswith(f"{PACKAGE}.")
