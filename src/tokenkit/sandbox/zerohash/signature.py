"""zerohash's request signature, as documented, and the usual mistakes with it.

    message   = timestamp + METHOD + route + body
    signature = base64(HMAC-SHA256(base64-decoded private key, message))

``route`` is the path with the query string exactly as sent; a request without a body signs ``{}``.
"""

import base64
import hmac
import json
from collections.abc import Iterator

import attrs

from ..exchange import Request
from ..json_text import parse

__all__ = ["likely_mistake", "sign", "signed_message"]


def signed_message(timestamp: str, method: str, route: bytes, body: bytes) -> bytes:
    """Return the bytes that a request signs."""
    return timestamp.encode() + method.encode() + route + (body or b"{}")


def sign(private_key: str, message: bytes) -> str:
    """Sign a message with a private key in base64."""
    return base64.b64encode(_digest(base64.b64decode(private_key), message)).decode()


TIMED_BODY = 64 * 1024
"""The largest body for which other timestamps are tried: there are a thousand of them."""


@attrs.frozen
class Mistake:
    """A mistake that explains a wrong signature."""

    hint: str
    """The mistake, in words."""
    message: bytes
    """The message that was signed."""


def likely_mistake(
    private_key: str, signature: str, timestamp: str, request: Request
) -> Mistake | None:
    """Return the usual mistake that produces a given signature, or None."""
    keys = {
        "": base64.b64decode(private_key),
        "the private key was not base64-decoded": private_key.encode(),
    }
    for message_hint, message in _messages(timestamp, request):
        for key_hint, key in keys.items():
            for form_hint, form in _forms(_digest(key, message)):
                if form == signature:
                    hints = filter(None, (key_hint, message_hint, form_hint))
                    return Mistake("; ".join(hints), message)
    return None


def _digest(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _forms(digest: bytes) -> Iterator[tuple[str, str]]:
    standard = base64.b64encode(digest).decode()
    yield "", standard
    yield "the signature lacks base64's padding", standard.rstrip("=")
    url_safe = base64.urlsafe_b64encode(digest).decode()
    yield "the signature is in base64's URL-safe alphabet", url_safe
    yield "the signature is in base64's URL-safe alphabet, unpadded", url_safe.rstrip("=")
    yield "the signature is in hexadecimal, not in base64", digest.hex()
    yield (
        "the signature is base64 of the hexadecimal digest",
        base64.b64encode(digest.hex().encode()).decode(),
    )


def _messages(timestamp: str, request: Request) -> Iterator[tuple[str, bytes]]:
    """Return messages that may have been signed, the right one first, each with its mistake."""
    method, route, body = request.method, request.route, request.body
    start = f"{timestamp}{method}".encode()
    yield "", signed_message(timestamp, method, route, body)
    if body:
        yield "the body was not signed", start + route
        yield "'{}' was signed although a body was sent", start + route + b"{}"
        for rewritten in _rewritten(body):
            yield (
                "the body was signed in a different form than it was sent",
                (start + route + rewritten),
            )
    else:
        yield (
            "'{}' is missing: a request without a body signs it in the body's place",
            (start + route),
        )
    for hint, wrong in _routes(request):
        yield hint, signed_message(timestamp, method, wrong, body)
    yield (
        "the method was signed in lower case",
        (signed_message(timestamp, method.lower(), route, body)),
    )
    for hint, wrong_time in _times(int(timestamp)) if len(body) <= TIMED_BODY else ():
        yield hint, signed_message(wrong_time, method, route, body)


def _routes(request: Request) -> Iterator[tuple[str, bytes]]:
    path, _, query = request.route.partition(b"?")
    if query:
        yield "the query string was left out of the signed route", path
    if request.path.encode() != path:
        yield (
            "the route was signed with its percent escapes decoded",
            (request.path.encode() + request.route[len(path) :]),
        )
    for scheme in ("http", "https"):
        origin = f"{scheme}://{request.header('host')}".encode()
        yield "the whole URL was signed: the route starts at '/'", origin + request.route
    yield "the route was signed without its leading '/'", request.route[1:]


def _rewritten(body: bytes) -> Iterator[bytes]:
    try:
        value = parse(body)
    except ValueError:
        return
    for separators in ((",", ":"), (", ", ": ")):
        for ascii_only in (False, True):
            for sort_keys in (False, True):
                yield json.dumps(
                    value, separators=separators, ensure_ascii=ascii_only, sort_keys=sort_keys
                ).encode()


def _times(timestamp: int) -> Iterator[tuple[str, str]]:
    for shift in (-2, -1, 1, 2):
        yield "a different timestamp was signed than was sent", str(timestamp + shift)
    for milliseconds in range(1000):
        yield "the signed timestamp is in milliseconds", f"{timestamp}{milliseconds:03}"
