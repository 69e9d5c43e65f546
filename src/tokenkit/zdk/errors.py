"""How ZDK reports failures.

ZDK documents no error body. Its calls resemble the Connect protocol, so this reads Connect's
errors and those of related protocols.
"""

from collections.abc import Mapping

from ..errors import APIError
from ..extension import (
    JSON,
    ErrorBody,
    Failure,
    error_for_status,
    visible_text,
)

__all__ = ["read_failure"]

# The place of a code in this list is its number in gRPC, beginning with "canceled" at 1.
STATUS_OF = {
    "canceled": 499,
    "unknown": 500,
    "invalid_argument": 400,
    "deadline_exceeded": 504,
    "not_found": 404,
    "already_exists": 409,
    "permission_denied": 403,
    "resource_exhausted": 429,
    "failed_precondition": 400,
    "aborted": 409,
    "out_of_range": 400,
    "unimplemented": 501,
    "internal": 500,
    "unavailable": 503,
    "data_loss": 500,
    "unauthenticated": 401,
}
BY_NUMBER = dict(enumerate(STATUS_OF, start=1))


def read_failure(body: ErrorBody) -> Failure:
    """Read a Connect error; its code takes precedence over the status."""
    if not isinstance(body.json, Mapping):
        message = body.json if isinstance(body.json, str) else None
        return Failure(message=visible_text(body.text) if body.json is None else message)
    code = _code(body.json.get("code"))
    text: JSON = body.json.get("message") or body.json.get("msg")
    return Failure(
        message=text if isinstance(text, str) else None,
        code=code,
        error=_error_class(code),
    )


def _code(value: JSON) -> str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return BY_NUMBER.get(value, str(value))
    return value if isinstance(value, str) else None


def _error_class(code: str | None) -> type[APIError] | None:
    status = STATUS_OF.get(code or "")
    return None if status is None else error_for_status(status)
