"""The answer of a success: a value, or the error that says why it is none."""

from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar
from urllib.parse import urlsplit, urlunsplit

import attrs

from .._model.call import Call
from .._model.json import JSON, Mismatch, load_json
from .._model.messages import Response, ResponseInfo
from ..errors import DecodeError, UnexpectedRedirect

__all__ = ["Value", "read_success", "unexpected_redirect"]

T = TypeVar("T")

SNIPPET = 200


@attrs.frozen
class Value(Generic[T]):
    """What a call returns; the call's own answer may well be ``None``."""

    value: T = attrs.field(repr=False)
    body: JSON = attrs.field(default=None, repr=False)


def read_success(
    call: Call[T],
    response: Response,
    shown: Callable[[str], str],
    request_id: str | None,
    received_at: datetime,
    origin: str = "",
) -> Value[T] | DecodeError | None:
    """Read an answer with a success status; ``None`` where it says that the call failed.

    Args:
        call: The call.
        response: Its answer.
        shown: Replaces what must not be shown.
        request_id: The answer's request id.
        received_at: When it was complete, by the vendor's clock as far as that is known.
        origin: Scheme, host and port that the request was sent to.
    """
    try:
        body = _loaded(response, shown) if call.reads_body else None
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
    except Exception as error:  # noqa: BLE001 - a model of the caller's may raise anything
        problem, path = f"{type(call).__name__}.decode() raised {type(error).__name__}", "$"
    if not response.body:
        problem = "the body is empty"
    content_type = shown(response.headers.get("content-type", "")) or None
    return DecodeError(
        f"HTTP {response.status}, {content_type or 'no content type'}: "
        f"the answer cannot be read: {shown(problem)} (at {path})",
        path=path,
        status=response.status,
        content_type=content_type,
        request_id=None if request_id is None else shown(request_id),
    )


def _loaded(response: Response, shown: Callable[[str], str]) -> JSON:
    try:
        return load_json(response.body) if response.body else None
    except ValueError:
        pass
    raise Mismatch(f"not JSON{_snippet(response, shown)}")


def _snippet(response: Response, shown: Callable[[str], str]) -> str:
    """Quote what is certainly no answer of the vendor's; a broken answer may hold the token."""
    text = " ".join(shown(response.body.decode("utf-8", "replace")).split())
    content_type = response.headers.get("content-type", "").lower()
    json_like = "json" in content_type or text.startswith(("{", "["))
    return "" if json_like else f"; it begins {text[:SNIPPET]!r}"


def unexpected_redirect(response: Response, location: str) -> UnexpectedRedirect:
    """Tell where an answer pointed, without its query, which may hold anything."""
    try:
        parts = urlsplit(location)
        host = parts.netloc.rpartition("@")[2]
        shown = urlunsplit((parts.scheme, host, parts.path, "", ""))
    except ValueError:
        shown = ""
    return UnexpectedRedirect(
        f"HTTP {response.status}: the answer redirects to {shown or 'nowhere'}, and redirects "
        "are not followed; check base_url",
        status=response.status,
        location=shown or None,
    )
