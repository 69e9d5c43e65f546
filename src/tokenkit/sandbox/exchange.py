"""A complete request, and its response: issuers are plain functions from one to the other."""

from collections.abc import Callable, Mapping
from typing import Literal, Protocol, TypeAlias

import attrs

from .json_text import JSON, encode, parse

__all__ = [
    "MAX_REQUEST_BODY",
    "ErrorResponse",
    "Issuer",
    "Request",
    "Response",
    "Vendor",
    "error_response",
    "json_object",
    "settle",
]

Vendor: TypeAlias = Literal["zdk", "zerohash", "strigo"]
"""The issuers' names in the ledger and in the log."""

MAX_REQUEST_BODY = 1024 * 1024
"""Bytes of body accepted; a limit of this sandbox, no vendor documents one."""


@attrs.frozen(kw_only=True)
class Request:
    """A request as received."""

    method: str
    path: str
    """The path with its percent escapes decoded."""
    route: bytes
    """Path and query string exactly as received."""
    headers: Mapping[str, str]
    """Headers by name; the mapping ignores case."""
    body: bytes = b""
    oversized: bool = False
    """Whether the body was longer than ``MAX_REQUEST_BODY``; ``body`` is then truncated."""
    source: str = ""
    """The client's address."""

    def header(self, name: str) -> str:
        """Return a header's value, empty if it was not sent."""
        return self.headers.get(name, "")


@attrs.frozen(kw_only=True)
class Response:
    """A response, and what the log and the ledger say about it."""

    status: int
    content: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    subject: str = ""
    token: str = attrs.field(default="", repr=False)
    reason: str = ""
    """Why the request was refused; empty if it was served."""
    hint: str = ""
    """The likely mistake behind an error response; for the log, never sent to the client."""
    signed_text: str = ""
    """The text that should have been signed, if a signature was refused."""
    received_text: str = ""
    """The text that was signed instead, if the client sent it or the signature reveals it."""

    def with_headers(self, headers: Mapping[str, str]) -> "Response":
        """Return the same response with more headers."""
        return attrs.evolve(self, headers={**self.headers, **headers})


class Issuer(Protocol):
    """A vendor's token service."""

    @property
    def vendor(self) -> Vendor:
        """The vendor's name in the ledger and in the log."""
        ...

    def respond(self, request: Request, instead: Response | None = None) -> Response:
        """Respond to a request, or complete ``instead``; never raise because of a request."""
        ...


class ErrorResponse(Exception):  # noqa: N818 - an ordinary response, no error of ours
    """Leave an issuer's checks early, with the response to send."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.reason)
        self.response = response


def error_response(status: int, body: JSON, reason: str, *, hint: str = "") -> ErrorResponse:
    """Make an error response with a JSON body."""
    return ErrorResponse(Response(status=status, content=encode(body), reason=reason, hint=hint))


def settle(handler: Callable[[Request], Response], request: Request) -> Response:
    """Run a handler; an error response is a response like any other."""
    try:
        return handler(request)
    except ErrorResponse as refused:
        return refused.response


def json_object(request: Request, refuse: Callable[[int, str], ErrorResponse]) -> dict[str, JSON]:
    """Read the body as a JSON object.

    ``refuse`` turns a status (413, 415 or 400) and a text into the vendor's form of an error;
    which of these a vendor sends is not documented.
    """
    if request.oversized:
        raise refuse(413, f"body must not be larger than {MAX_REQUEST_BODY} bytes")
    media_type = request.header("content-type").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise refuse(415, f"content-type must be application/json, not {media_type or 'absent'}")
    try:
        value = parse(request.body)
    except ValueError as error:
        raise refuse(400, f"body must be JSON: {error}") from None
    if not isinstance(value, Mapping):
        raise refuse(400, "body must be object")
    return dict(value)
