"""A 2xx response, read into a value or into the error that says why it can't be."""

from datetime import datetime
from typing import Generic, TypeVar
from urllib.parse import urlsplit, urlunsplit

import attrs

from .._model.call import Call
from .._model.json import JSON, Mismatch, load_json
from .._model.messages import Response, ResponseInfo
from .._redaction import Hidden, escaped, mask_path, mask_tokens
from ..errors import DecodeError, MismatchedResponse, UnexpectedRedirect

__all__ = ["Value", "read_success", "unexpected_redirect"]

T = TypeVar("T")

SNIPPET = 200
QUOTED_BYTES = 2_000


@attrs.frozen
class Value(Generic[T]):
    """What a call returns, which may well be ``None``."""

    value: T = attrs.field(repr=False)
    body: JSON = attrs.field(default=None, repr=False)


def read_success(
    call: Call[T],
    response: Response,
    hidden: Hidden,
    request_id: str | None,
    received_at: datetime,
    origin: str = "",
) -> Value[T] | DecodeError | MismatchedResponse | None:
    """Read a response with a success status; ``None`` where it says that the call failed.

    Args:
        call: The call.
        response: Its response.
        hidden: What must not be shown.
        request_id: The response's request id, as it may be shown.
        received_at: When it was complete, by the vendor's clock as far as that is known.
        origin: Scheme, host and port that the request was sent to.
    """
    try:
        body = _loaded(response, hidden, needed=call.reads_body)
        if call.is_failure(body):
            return None
        info = ResponseInfo(
            status=response.status,
            headers=response.headers,
            received_at=received_at,
            origin=origin,
        )
        return Value(call.decode(body, info), body)
    except Mismatch as mismatch:
        problem, path = mismatch.problem, mismatch.path
    except MismatchedResponse as error:
        return error.with_traceback(None)
    except Exception as error:  # noqa: BLE001 - a model of the caller's may raise anything
        problem, path = f"{type(call).__name__}.decode() raised {type(error).__name__}", "$"
    if not response.body:
        problem = "the body is empty"
    content_type = escaped(hidden.redact(response.headers.get("content-type", ""))) or None
    return DecodeError(
        f"HTTP {response.status}, {content_type or 'no content type'}: "
        f"the response cannot be read: {escaped(hidden.redact(problem))} (at {path})",
        path=path,
        status=response.status,
        content_type=content_type,
        request_id=request_id,
    )


def _loaded(response: Response, hidden: Hidden, *, needed: bool) -> JSON:
    if not response.body:
        return None
    if needed:
        try:
            return load_json(response.body)
        except ValueError:
            pass
    snippet = _snippet(response, hidden)
    # A page of HTML comes from somebody else, so that it is no success of any call.
    if needed or snippet:
        raise Mismatch(f"not JSON{snippet}")
    return None


def _snippet(response: Response, hidden: Hidden) -> str:
    """Quote a page of HTML, which no vendor sends; anything else may hold the token."""
    begin = response.body[:QUOTED_BYTES].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if not begin.startswith("<"):
        return ""
    text = escaped(mask_tokens(hidden.redact(" ".join(begin.split()))))
    return f"; it begins {text[:SNIPPET]!r}"


def unexpected_redirect(response: Response, location: str) -> UnexpectedRedirect:
    """Return where a response pointed, without its query, which may contain anything."""
    try:
        parts = urlsplit(location)
        host = parts.netloc.rpartition("@")[2]
        shown = urlunsplit((parts.scheme, host, mask_path(parts.path), "", ""))
    except ValueError:
        shown = ""
    return UnexpectedRedirect(
        f"HTTP {response.status}: the response redirects to {shown or 'nowhere'}, and redirects "
        "are not followed; check base_url",
        status=response.status,
        location=shown or None,
    )
