"""The total reader of failed answers: whatever the body is, a typed error comes out."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from http import HTTPStatus
from itertools import islice
from typing import TypeAlias

import attrs

from .._model.json import JSON, load_json
from .._model.messages import Headers, Request, Response
from .._secret import redactor
from ..errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    FailedAnswer,
    FieldError,
    NotFoundError,
    PermissionDeniedError,
    RateLimit,
    RateLimitError,
    ServerError,
    UnprocessableError,
)
from .retry import retry_after

__all__ = [
    "ErrorBody",
    "Failure",
    "FailureReader",
    "error_for_status",
    "read_failure",
    "read_plain_failure",
    "request_id_of",
    "visible_text",
]

MAX_BODY_TEXT = 65_536
MAX_ERROR_BODY = 262_144
MAX_MESSAGE = 500
MAX_TOKENS = 50
SHORTEST_TOKEN = 12
LONGEST_FIGURE = 12
CHARSETS = frozenset({"ascii", "iso-8859-1", "latin-1", "us-ascii", "utf-16", "windows-1252"})
SERVER_ERRORS = range(500, 600)
SUCCESSES = range(200, 300)
PRIVATE_HEADERS = frozenset({"set-cookie", "set-cookie2", "www-authenticate"})

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
    """A failed answer, for a vendor's reader.

    Attributes:
        status: The HTTP status.
        json: The body as JSON; ``None`` where it is none.
        text: The body as text, whatever it is.
        origin: Scheme, host and port that the request was sent to.
    """

    status: int
    json: JSON = attrs.field(repr=False)
    text: str = attrs.field(repr=False)
    origin: str


@attrs.frozen(kw_only=True)
class Failure:
    """What a vendor's reader found in an error body.

    Attributes:
        message: The vendor's message.
        code: The vendor's name for the error.
        errors: The vendor's single errors.
        request_id: The id by which the vendor can find the request, where the body holds it; it
            wins over the header's.
        hint: The usual cause, where the vendor's documentation tells it.
        error: Makes the error, where the status alone doesn't tell its class.
    """

    message: str | None = None
    code: str | None = None
    errors: tuple[FieldError, ...] = ()
    request_id: str | None = None
    hint: str | None = None
    error: Callable[[FailedAnswer], APIError] | None = None


FailureReader: TypeAlias = Callable[[ErrorBody], Failure]
"""Finds a vendor's message, code and details in an error body."""


def read_plain_failure(body: ErrorBody) -> Failure:
    """Read nothing but the text: for a vendor without an error format."""
    return Failure() if body.json is not None else Failure(message=visible_text(body.text))


def visible_text(text: str) -> str | None:
    """Return short text on one line; ``None`` for HTML and emptiness."""
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
        return "The answer says that the call failed"
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "The call failed"


def _text_of(response: Response) -> str:
    _, _, parameter = response.headers.get("content-type", "").partition("charset=")
    charset = parameter.split(";")[0].strip(" \"'").lower()
    return response.body.decode(charset if charset in CHARSETS else "utf-8", "replace")


def _json_of(response: Response) -> JSON:
    try:
        return load_json(response.body)
    except ValueError:
        return None


def _whole_number(headers: Headers, name: str) -> int | None:
    value = headers.get(name, "")
    plain = value.isascii() and value.isdigit() and len(value) <= LONGEST_FIGURE
    return int(value) if plain else None


def _rate_limit(headers: Headers) -> RateLimit | None:
    limit, remaining, reset = (
        _whole_number(headers, f"x-ratelimit-{part}") for part in ("limit", "remaining", "reset")
    )
    if limit is None and remaining is None and reset is None:
        return None
    return RateLimit(limit=limit, remaining=remaining, reset_at=_instant(reset))


def _instant(seconds: int | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return None


def tokens_in(value: JSON) -> Iterator[str]:
    """Yield the longer texts that stand under a key that speaks of a token."""
    waiting: list[tuple[JSON, bool]] = [(value, False)]
    while waiting:
        item, named = waiting.pop()
        if isinstance(item, str):
            if named and len(item) >= SHORTEST_TOKEN:
                yield item
        elif isinstance(item, Mapping):
            waiting += [(part, named or "token" in key.lower()) for key, part in item.items()]
        elif isinstance(item, Sequence):
            waiting += [(part, named) for part in item]


def _without_secrets(value: JSON, shown: Callable[[str], str]) -> JSON:
    """Replace the secrets in every text; what is nested too deeply counts as no JSON."""

    def replaced(part: JSON) -> JSON:
        if isinstance(part, str):
            return shown(part)
        if isinstance(part, Mapping):
            return {key: replaced(item) for key, item in part.items()}
        if isinstance(part, Sequence):
            return [replaced(item) for item in part]
        return part

    try:
        return replaced(value)
    except RecursionError:
        return None


def _vendor_failure(reader: FailureReader, body: ErrorBody) -> Failure:
    # A body of an unforeseen shape must not hide that the call failed.
    try:
        return reader(body)
    except Exception:  # noqa: BLE001 - whatever the reader stumbles over
        return Failure(message=visible_text(body.text))


def read_failure(
    response: Response,
    request: Request,
    *,
    reader: FailureReader,
    request_id_header: str | None,
    secrets: Collection[str],
    wall: float,
    attempts: int,
) -> APIError:
    """Turn a failed answer into the error that it means, with every secret replaced."""
    json = _json_of(response)
    tokens = set(islice(tokens_in(json), MAX_TOKENS + 1))
    if len(response.body) > MAX_ERROR_BODY or len(tokens) > MAX_TOKENS:
        # Searching it for secrets would take longer than a caller should wait.
        response, json, tokens = attrs.evolve(response, body=b""), None, set[str]()
    text = _text_of(response)
    shown = redactor({*secrets, *tokens})

    def shown_or_none(value: str | None) -> str | None:
        return None if value is None else shown(value)[:MAX_MESSAGE]

    # A reader keeps what it likes, and cuts it: the secrets are gone before it sees the body.
    text = shown(text)
    body = ErrorBody(
        status=response.status,
        json=_without_secrets(json, shown),
        text=text,
        origin=request.origin,
    )
    failure = _vendor_failure(reader, body)
    answer = FailedAnswer(
        status=response.status,
        message=shown_or_none(failure.message) or _phrase(response.status),
        code=shown_or_none(failure.code),
        errors=tuple(
            attrs.evolve(
                error,
                message=shown(error.message)[:MAX_MESSAGE],
                field=shown_or_none(error.field),
                location=shown_or_none(error.location),
            )
            for error in failure.errors
        ),
        hint=failure.hint,
        request_id=shown_or_none(
            failure.request_id or request_id_of(response.headers, request_id_header)
        ),
        retry_after=retry_after(response.headers, wall),
        rate_limit=_rate_limit(response.headers),
        method=request.method,
        url=request.url.partition("?")[0],
        headers={
            name: shown(value)
            for name, value in response.headers.items()
            if name not in PRIVATE_HEADERS
        },
        body=text[:MAX_BODY_TEXT],
        attempts=attempts,
    )
    return (failure.error or error_for_status(response.status))(answer)
