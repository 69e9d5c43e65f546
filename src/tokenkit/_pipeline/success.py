"""Read a 2xx response into a value or the error that says why it can't be read."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from datetime import datetime
from typing import Generic, TypeVar
from urllib.parse import urlsplit, urlunsplit

import attrs

from .._model.call import Call
from .._model.data_errors import DATA_ERRORS, raise_what_struck, what_raised
from .._model.json import JSON, Mismatch, TooManyValues, load_json
from .._model.messages import Response, ResponseInfo
from .._redaction import Hidden, escaped, redact_path, redact_tokens
from ..errors import DecodeError, MismatchedResponse, UnexpectedRedirect

__all__ = ["Value", "read_success", "unexpected_redirect"]

T = TypeVar("T")

SNIPPET = 200
QUOTED_BYTES = 2_000
# For a body that isn't needed. A larger one, or longer words, doesn't come from the vendor.
LONGEST_BODY = 65_536
LONGEST_WORDS = 200
PAGES = ("text/html", "application/xhtml")


# Not frozen, which takes three times as long, on each call's way.
@attrs.define
class Value(Generic[T]):
    """What a call returns, which may be ``None``."""

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
    """Read a response with a success status; return ``None`` if it reports a failure.

    Args:
        call: The call.
        response: Its response.
        hidden: The texts that must not be shown.
        request_id: The response's request id, as it may be shown.
        received_at: When it was complete, by the vendor's clock if that is known.
        origin: Scheme, host and port that the request was sent to.
    """
    method = "is_failure"
    try:
        body = _loaded(response, hidden, needed=call.reads_body)
        if call.is_failure(body):
            return None
        method = "decode"
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
    except DATA_ERRORS as error:
        raise_what_struck(error)
        problem, path = what_raised(call, method, error), "$"
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
        # If something else responded for the vendor, the call was hardly carried out.
        outcome=DecodeError.usual_outcome if call.reads_body else "unknown",
    )


def _loaded(response: Response, hidden: Hidden, *, needed: bool) -> JSON:
    if not response.body:
        return None
    if needed or len(response.body) <= LONGEST_BODY:
        try:
            body = load_json(response.body)
        except TooManyValues as error:
            raise Mismatch(str(error)) from None
        except ValueError:
            pass
        else:
            return body if needed else None
    if needed:
        raise Mismatch(f"not JSON{_snippet(response, hidden)}")
    if _may_be_a_captive_portal(response):
        raise Mismatch(f"not the vendor's{_snippet(response, hidden)}")
    return None


def _may_be_a_captive_portal(response: Response) -> bool:
    """Return whether a body that isn't needed, and that isn't JSON, may be a captive portal's.

    Then the call did not succeed. A few words, or only whitespace, are a success.
    """
    if len(response.body) > LONGEST_WORDS:
        return True
    text = _begin(response)
    declared = response.headers.get("content-type", "").strip().lower()
    return text.startswith("<") or (bool(text) and declared.startswith(PAGES))


def _begin(response: Response) -> str:
    """Return how a body begins, without a byte order mark or whitespace."""
    begin = response.body[:QUOTED_BYTES]
    charset = "utf-16" if begin.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8"
    return begin.decode(charset, "replace").lstrip("\ufeff\0 \t\r\n\v\f")


def _snippet(response: Response, hidden: Hidden) -> str:
    """Quote a page of HTML, which no vendor sends; anything else may hold the token."""
    begin = _begin(response)
    if not begin.startswith("<"):
        return ""
    text = escaped(redact_tokens(hidden.redact(" ".join(begin.split()))))
    return f"; it begins {text[:SNIPPET]!r}"


def unexpected_redirect(response: Response, location: str) -> UnexpectedRedirect:
    """Return the error for a redirect; its query may hold anything and is left out."""
    try:
        parts = urlsplit(location)
        host = parts.netloc.rpartition("@")[2]
        redacted = urlunsplit((parts.scheme, host, redact_path(parts.path), "", ""))
    except ValueError:
        redacted = ""
    return UnexpectedRedirect(
        f"HTTP {response.status}: the response redirects to {redacted or 'nowhere'}, and "
        "redirects are not followed; check base_url",
        status=response.status,
        location=redacted or None,
    )
