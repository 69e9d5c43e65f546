"""Warnings that point at the caller's line."""

import inspect
import warnings

__all__ = ["warn_caller"]

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


def _is_ours(module: str) -> bool:
    return module == PACKAGE or module.startswith(f"{PACKAGE}.")
