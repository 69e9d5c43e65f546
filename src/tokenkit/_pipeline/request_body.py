"""The body of a request: written once, so that the signed bytes are the sent bytes."""

from datetime import datetime

from .._model.call import Call
from .._model.data_errors import DATA_ERRORS, raise_what_struck, what_raised
from .._model.json import dump_json
from .._model.unwritable import json_problem
from .._secret import without_frames
from ..errors import FieldError, InvalidInputError, TokenKitError

__all__ = ["encode_body"]

MAX_REQUEST_BODY = 1_048_576


def encode_body(call: Call[object], now: datetime) -> bytes | TokenKitError:
    """Write a call's body, or return the error.

    Args:
        call: The call.
        now: The time that relative times count from.
    """
    try:
        value = call.encode(now)
    except TokenKitError as error:
        return without_frames(error)
    except DATA_ERRORS as error:
        raise_what_struck(error)
        return _invalid(call, what_raised(call, "encode", error), None)
    try:
        body = b"" if value is None else dump_json(value)
    except DATA_ERRORS as error:
        raise_what_struck(error)
        # The caller knows the model's fields better than the body's.
        found = json_problem(call) or json_problem(value)
        field, problem = found or ("", "cannot be written as JSON")
        return _invalid(call, problem, field)
    if len(body) > MAX_REQUEST_BODY:
        return _invalid(
            call, f"takes {len(body)} bytes as JSON, more than {MAX_REQUEST_BODY}", None
        )
    return body


def _invalid(call: Call[object], problem: str, field: str | None) -> InvalidInputError:
    name = type(call).__name__
    return InvalidInputError(name, (FieldError(field=field or "the body", message=problem),))
