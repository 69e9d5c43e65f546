"""Turn any error response into a typed error; never raises."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import islice
from typing import TypeAlias

import attrs

from .._model.json import JSON, is_list, is_tuple, load_json
from .._model.messages import SUCCESSES, Headers, Request, Response
from .._model.rate_limit import rate_limit_of
from .._redaction import Hidden, escaped, redact_jwts, redact_path, redact_tokens
from ..errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    FailureDetails,
    FieldError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    UnprocessableError,
)
from .values import value_text
from .vendor_functions import returned_or_none

__all__ = [
    "ErrorBody",
    "Failure",
    "FailureReader",
    "describe",
    "error_for_status",
    "read_failure",
    "read_plain_failure",
    "redacted_url",
    "request_id_of",
    "visible_text",
]

# No vendor sends a larger error, and searching it would take too long.
MAX_FAILURE_BODY = 65_536
MAX_MESSAGE = 500
MAX_TOKENS = 50
MAX_ERRORS = 100
MAX_HEADERS = 65_536
SHORTEST_NAMED_TOKEN = 12
CHARSETS = frozenset(
    {
        *("ascii", "iso-8859-1", "latin-1", "us-ascii", "windows-1252"),
        *("utf-16", "utf-16be", "utf-16le", "utf-32", "utf-32be", "utf-32le"),
    }
)
SERVER_ERRORS = range(500, 600)
PRIVATE_HEADERS = frozenset({"set-cookie", "set-cookie2", "www-authenticate"})
# Words in the names of JSON fields that hold tokens and the like.
TOKEN_WORDS = ("token", "jwt", "secret", "password", "passphrase", "credential", "authorization")
# Separates texts that are redacted together, and occurs in none of them.
SEPARATOR = "\x1e"

BY_STATUS: Mapping[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableError,
    429: RateLimitError,
}


@attrs.frozen(kw_only=True)
class ErrorBody:
    """An error response, for a vendor's reader. Secrets and tokens are redacted in it.

    Attributes:
        status: The HTTP status.
        json: The body as JSON; ``None`` if it is not JSON.
        text: The body as text, whatever it is.
        origin: Scheme, host and port that the request was sent to.
    """

    status: int
    json: JSON = attrs.field(repr=False)
    text: str = attrs.field(repr=False)
    origin: str


@attrs.frozen(kw_only=True)
class Failure:
    """An error body, as a vendor's reader understood it.

    A number in place of a text is read as text; any other value of the wrong kind is ignored.

    Attributes:
        message: The vendor's message.
        code: The vendor's name for the error.
        errors: The vendor's list of errors.
        request_id: The vendor's id for the request, if the body has it; it takes precedence over
            the header's.
        hint: The usual cause, if the vendor's documentation gives one.
        error: Makes the error from a text and the keywords of
            :class:`~tokenkit.errors.FailureDetails`, if the status alone doesn't decide its class:
            a subclass of ``APIError``, a ``functools.partial`` of one, or a function. The text is
            passed by position. If it makes no ``APIError``, the status decides.
    """

    message: str | None = None
    code: str | None = None
    errors: tuple[FieldError, ...] = ()
    request_id: str | None = None
    hint: str | None = None
    error: Callable[..., APIError] | None = None


FailureReader: TypeAlias = Callable[[ErrorBody], Failure]
"""Finds a vendor's message, code and details in an error body.

If it fails, or returns anything else, the body counts as plain text.
"""


def read_plain_failure(body: ErrorBody) -> Failure:
    """Read the body as plain text, for a vendor without an error format."""
    return Failure() if body.json is not None else Failure(message=visible_text(body.text))


def visible_text(text: str) -> str | None:
    """Return short text on one line; ``None`` for HTML or nothing."""
    line = " ".join(text.split())
    return line[:MAX_MESSAGE] if line and not line.startswith("<") else None


def error_for_status(status: int) -> type[APIError]:
    """Return the error class for an HTTP status."""
    if status in SERVER_ERRORS:
        return ServerError
    return BY_STATUS.get(status, APIError)


def request_id_of(headers: Headers, header: str | None) -> str | None:
    """Return the id by which the vendor can find a request."""
    return headers.get(header or "x-request-id")


def _phrase(status: int) -> str:
    if status in SUCCESSES:
        return "The response says that the call failed"
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "The call failed"


def redacted_url(request: Request, hidden: Hidden) -> str:
    """Return a request's URL without its query and without tokens."""
    path = request.route.partition("?")[0]
    return request.origin + redact_path(hidden.redact(path))


def _text_of(response: Response) -> str:
    _, _, parameter = response.headers.get("content-type", "").partition("charset=")
    charset = parameter.split(";")[0].strip(" \"'").lower()
    text = response.body.decode(charset if charset in CHARSETS else "utf-8", "replace")
    return text.removeprefix("\ufeff").replace("\0", "")


def _json_of(text: str) -> JSON:
    try:
        return load_json(text.encode("utf-8"))
    except ValueError:
        return None


def _is_token_name(name: str) -> bool:
    lower = name.lower()
    return any(word in lower for word in TOKEN_WORDS)


def tokens_in(value: JSON) -> Iterator[str]:
    """Yield the longer strings under a name that suggests a token."""
    waiting: list[tuple[JSON, bool]] = [(value, False)]
    while waiting:
        item, named = waiting.pop()
        if isinstance(item, str):
            if named and len(item) >= SHORTEST_NAMED_TOKEN:
                yield item
        elif isinstance(item, Mapping):
            waiting += [(part, named or _is_token_name(name)) for name, part in item.items()]
        elif isinstance(item, Sequence):
            waiting += [(part, named) for part in item]


def _vendor_failure(reader: FailureReader, body: ErrorBody) -> Failure:
    # An unexpected body must not hide that the call failed.
    failure: object = returned_or_none(reader, body)
    return failure if isinstance(failure, Failure) else Failure(message=visible_text(body.text))


def _described(make: Callable[..., APIError], message: str, details: FailureDetails) -> APIError:
    error = make(message, **details)
    error.args = (describe(error),)
    return error


def _field_errors(given: object) -> Iterator[FieldError]:
    items = given if is_list(given) or is_tuple(given) else ()
    return (item for item in items if isinstance(item, FieldError))


def _text(value: object) -> str | None:
    """Return a vendor's text, or its number as text; a value of another kind is ignored."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value_text(value)
    return value if isinstance(value, str) else None


def _read_body(response: Response, hidden: Hidden) -> tuple[str, JSON, Hidden]:
    """Return a body as text and as JSON, without secrets, and the tokens found in it."""
    if len(response.body) > MAX_FAILURE_BODY:
        return "", None, hidden
    text = _text_of(response)
    json = _json_of(text)
    if json is None:
        # Truncated, or in another format, it may hold a token anywhere.
        return redact_tokens(hidden.redact(text)), None, hidden
    tokens = set(islice(tokens_in(json), MAX_TOKENS + 1))
    if len(tokens) > MAX_TOKENS:
        return "", None, hidden
    if tokens:
        hidden = hidden.also(tokens)
    redacted = redact_jwts(hidden.redact(text))
    return redacted, json if redacted == text else _json_of(redacted), hidden


def _redacted_headers(headers: Headers, hidden: Hidden) -> dict[str, str]:
    kept = {name: value for name, value in headers.items() if name not in PRIVATE_HEADERS}
    together = SEPARATOR.join(kept.values())
    if len(together) > MAX_HEADERS:
        return {}
    redacted = escaped(redact_jwts(hidden.redact(together)), keep=SEPARATOR).split(SEPARATOR)
    return dict(zip(kept, redacted, strict=True)) if len(redacted) == len(kept) else {}


def read_failure(
    response: Response,
    request: Request,
    *,
    reader: FailureReader,
    request_id_header: str | None,
    hidden: Hidden,
    retry_after: float | None,
) -> APIError:
    """Turn an error response into a typed error, with every secret redacted.

    Args:
        response: The response.
        request: Its request.
        reader: The vendor's.
        request_id_header: The header in which the vendor names the request.
        hidden: What must not be shown.
        retry_after: The seconds to wait that the vendor asks for or documents.
    """
    # A reader may keep and cut anything, so the secrets are removed before it sees the body.
    text, json, hidden = _read_body(response, hidden)
    body = ErrorBody(status=response.status, json=json, text=text, origin=request.origin)
    failure = _vendor_failure(reader, body)

    def redacted(value: object) -> str | None:
        text = _text(value)
        return None if text is None else escaped(hidden.redact(text))[:MAX_MESSAGE]

    message = redacted(failure.message) or _phrase(response.status)
    details = FailureDetails(
        message=message,
        status=response.status,
        code=redacted(failure.code),
        errors=tuple(
            attrs.evolve(
                error,
                message=redacted(error.message) or "not valid",
                field=redacted(error.field),
                location=redacted(error.location),
            )
            for error in islice(_field_errors(failure.errors), MAX_ERRORS)
        ),
        hint=_text(failure.hint),
        request_id=redacted(failure.request_id)
        or redacted(request_id_of(response.headers, request_id_header)),
        retry_after=retry_after,
        rate_limit=rate_limit_of(response.headers),
        method=request.method,
        url=redacted_url(request, hidden),
        headers=_redacted_headers(response.headers, hidden),
        body=escaped(text, keep="\t\r\n"),
    )
    by_status = error_for_status(response.status)
    own: object = None
    if failure.error is not None:
        own = returned_or_none(_described, failure.error, message, details)
    return own if isinstance(own, APIError) else _described(by_status, message, details)


def describe(error: APIError) -> str:
    """Write the text of an error whose attributes come from a vendor's response."""
    code = f" {error.code}" if error.code else ""
    particulars = error.particulars()
    more = f" ({'; '.join(particulars)})" if particulars else ""
    text = f"HTTP {error.status}{code}: {error.message}{more}"
    return f"{text.rstrip('.')}. Hint: {error.hint}" if error.hint else text
