"""Tell what a model's code raises about data from what strikes it from outside."""

from pathlib import PurePath
from typing import Final

from .._secret import first_outside, with_members
from ..errors import TokenKitError
from .arrays import CATTRS_ERRORS
from .json import Mismatch

__all__ = ["DATA_ERRORS", "raise_what_struck", "what_raised", "what_struck"]

# A worker's time limit is an Exception too, but has its own class.
DATA_ERRORS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
    Warning,
    Mismatch,
    TokenKitError,
    *CATTRS_ERRORS,
)
"""What a model's own code may raise about data; anything else isn't the model's failure."""


def what_raised(model: object, method: str, error: Exception) -> str:
    """Say what a model's method raised and where, without its text, which may hold a token.

    Args:
        model: The model.
        method: The method's name.
        error: What was caught in the function that called it.
    """
    trace = error.__traceback__ and error.__traceback__.tb_next
    if trace is None and isinstance(error, TypeError):
        return str(error)  # Python's own, about a method with other parameters
    trace = first_outside(trace) or trace
    file = "" if trace is None else PurePath(trace.tb_frame.f_code.co_filename).name
    where = "" if trace is None else f" in {file}, line {trace.tb_lineno}"
    return f"{type(model).__name__}.{method}() raised {type(error).__name__}{where}"


def what_struck(error: BaseException) -> BaseException | None:
    """Return an exception that isn't about data, or the first in a group that isn't.

    cattrs collects in a group whatever is raised while it explains what it cannot read.

    Args:
        error: What was caught.
    """
    return next((one for one in with_members(error) if not isinstance(one, DATA_ERRORS)), None)


def raise_what_struck(error: BaseException) -> None:
    """Raise what :func:`what_struck` finds; return if all is about data.

    Args:
        error: What was caught.
    """
    struck = what_struck(error)
    if struck is not None:
        raise struck
