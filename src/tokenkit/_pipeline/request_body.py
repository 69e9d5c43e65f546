"""The body of a request: written once, so that the signed bytes are the sent bytes."""

from datetime import datetime

from .._model.call import Call, RawCall
from .._model.data_errors import DATA_ERRORS, raise_what_struck, what_raised
from .._model.json import dump_json
from .._model.unwritable import json_problem
from .._secret import without_frames
from ..errors import FieldError, InvalidInputError, TokenKitError

__all__ = ["encode_body", "invalid"]

MAX_REQUEST_BODY = 1_048_576


def encode_body(call: Call[object], now: datetime, client: str = "") -> bytes | TokenKitError:
    """Write a call's body, or return the error.

    Args:
        call: The call.
        now: The time that relative times count from.
        client: The name of the client's class, for errors.
    """
    body_name = "json" if isinstance(call, RawCall) else "the body"
    try:
        value = call.encode(now)
    except TokenKitError as error:
        return without_frames(error)
    except DATA_ERRORS as error:
        raise_what_struck(error)
        return invalid(call, what_raised(call, "encode", error), body_name, client)
    try:
        body = b"" if value is None else dump_json(value)
    except DATA_ERRORS as error:
        raise_what_struck(error)
        # The caller knows the model's fields better than the body's.
        found = json_problem(call) or json_problem(value)
        field, problem = found or ("", "cannot be written as JSON")
        return invalid(call, problem, field or body_name, client)
    if len(body) > MAX_REQUEST_BODY:
        problem = f"takes {len(body)} bytes as JSON, more than {MAX_REQUEST_BODY}"
        return invalid(call, problem, body_name, client)
    return body


def invalid(call: Call[object], problem: str, field: str, client: str) -> InvalidInputError:
    """Return the error for a call that can't be sent as it is.

    Args:
        call: The call.
        problem: What is wrong, as a phrase.
        field: With what.
        client: The name of the client's class.
    """
    name = f"{client}.request()" if isinstance(call, RawCall) else type(call).__name__
    return InvalidInputError(name, (FieldError(field=field, message=problem),))
