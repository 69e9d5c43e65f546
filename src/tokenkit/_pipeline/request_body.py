"""The body of a request: written once, so that the signed bytes are the sent bytes."""

from datetime import datetime

from .._model.call import Call
from .._model.data_errors import DATA_ERRORS, raise_what_struck, what_raised
from .._model.json import JSON, dump_json
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
    body = b"" if value is None else _written(value)
    if body is None:
        return _invalid(call, "cannot be written as JSON", _unwritable_field(value))
    if len(body) > MAX_REQUEST_BODY:
        return _invalid(
            call, f"takes {len(body)} bytes as JSON, more than {MAX_REQUEST_BODY}", None
        )
    return body


def _invalid(call: Call[object], problem: str, field: str | None) -> InvalidInputError:
    name = type(call).__name__
    return InvalidInputError(name, (FieldError(field=field or "the body", message=problem),))


def _unwritable_field(value: JSON) -> str | None:
    if not isinstance(value, dict):
        return None
    return next((name for name, part in value.items() if _written(part) is None), None)


def _written(value: JSON) -> bytes | None:
    try:
        return dump_json(value)
    except DATA_ERRORS as error:
        raise_what_struck(error)
        return None
