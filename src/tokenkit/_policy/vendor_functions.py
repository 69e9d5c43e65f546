"""Call the functions of a vendor's profile, which may fail on what they didn't expect."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from .._model.data_errors import DATA_ERRORS, raise_what_struck

__all__ = ["returned_or_none"]

P = ParamSpec("P")
T = TypeVar("T")


def returned_or_none(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """Return what a function returns; ``None`` if it raises something about data.

    Args:
        function: The function.
        *args: Its arguments.
        **kwargs: Its keywords.
    """
    try:
        return function(*args, **kwargs)
    except DATA_ERRORS as error:
        raise_what_struck(error)
        return None
