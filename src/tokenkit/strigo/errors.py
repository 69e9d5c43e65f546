"""How Strigo reports failures."""

from collections.abc import Mapping, Sequence

from ..errors import FieldError
from ..extension import (
    JSON,
    ErrorBody,
    Failure,
    visible_text,
)

__all__ = ["read_failure"]

CREDENTIALS_HINT = (
    "check the organisation id and the API key: Strigo takes the pair as org_id:api_key"
)


def read_failure(body: ErrorBody) -> Failure:
    """Read Strigo's failure envelope, or the plain text of its rate limit."""
    hint = CREDENTIALS_HINT if body.status in (401, 403) else None
    error = body.json.get("error") if isinstance(body.json, Mapping) else None
    if not isinstance(error, Mapping):
        message = visible_text(body.text) if body.json is None else _text(error)
        return Failure(message=message, hint=hint)
    return Failure(
        message=_text(error.get("message")),
        code=_text(error.get("type")),
        errors=_field_errors(error.get("errors")),
        hint=hint,
    )


def _text(value: JSON) -> str | None:
    return value if isinstance(value, str) else None


def _field_errors(errors: JSON) -> tuple[FieldError, ...]:
    if not isinstance(errors, Sequence) or isinstance(errors, str):
        return ()
    return tuple(
        FieldError(
            message=_text(error.get("msg")) or "not valid",
            field=_text(error.get("param")),
            location=_text(error.get("location")),
        )
        for error in errors
        if isinstance(error, Mapping)
    )
