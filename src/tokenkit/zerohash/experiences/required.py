"""What an experience requires, required at run time as well."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature

from typing_extensions import ParamSpec

from ...errors import FieldError, InvalidInputError
from ..models import ClientAuthTokenRequest

__all__ = ["experience"]

P = ParamSpec("P")


def experience(
    build: Callable[P, ClientAuthTokenRequest],
) -> Callable[P, ClientAuthTokenRequest]:
    """Refuse ``None`` for a parameter without a default.

    In the request ``None`` means "not sent", so that it would ask for another experience.
    """
    parameters = signature(build).parameters.values()
    required = [one.name for one in parameters if one.default is Parameter.empty]

    @wraps(build)
    def checked(*args: P.args, **kwargs: P.kwargs) -> ClientAuthTokenRequest:
        empty = [name for name in required if name in kwargs and kwargs[name] is None]
        if empty:
            problems = tuple(FieldError(field=name, message="must be given") for name in empty)
            raise InvalidInputError(f"{build.__name__}()", problems)
        return build(*args, **kwargs)

    return checked
