"""What a fault does to a response's body."""

import uuid
from collections.abc import Callable, Mapping

import attrs

from ..exchange import Response
from .names import BadBody

__all__ = ["WITHOUT_BODY", "spoil", "with_content"]

PAGE = b"""\
<!doctype html>
<html lang="en">
<head><title>Sign in to continue</title></head>
<body><h1>Sign in to continue</h1><p>This page stands between you and the network.</p></body>
</html>
"""
_LARGE = b" " * (8 * 1024 * 1024 + 1)
"""More than clients read."""

WITHOUT_BODY = frozenset({204, 205, 304})


def spoil(response: Response, kind: BadBody) -> Response:
    """Return the response with a spoiled body; a status that has no body becomes 200."""
    return _SPOIL[kind](response if kind == "empty" else with_content(response))


def with_content(response: Response, content: bytes = b"{}") -> Response:
    """Return the response with a body, and a status that allows one."""
    status = 200 if response.status in WITHOUT_BODY else response.status
    return attrs.evolve(response, status=status, content=response.content or content)


def _cut(response: Response) -> Response:
    return attrs.evolve(response, content=response.content[: len(response.content) // 2])


def _page(response: Response) -> Response:
    """Leave out the vendor's headers, as a gateway in front of it does."""
    return attrs.evolve(response, content=PAGE, media_type="text/html", headers={})


_SPOIL: Mapping[BadBody, Callable[[Response], Response]] = {
    "empty": lambda response: attrs.evolve(response, content=b""),
    "truncated": _cut,
    "text": lambda response: attrs.evolve(
        response, content=b"upstream said no", media_type="text/plain"
    ),
    "html": _page,
    "wrong-shape": lambda response: attrs.evolve(response, content=b'["unexpected"]'),
    "too-large": lambda response: attrs.evolve(response, content=_LARGE),
    "foreign": lambda response: response.with_headers({"x-request-id": str(uuid.uuid4())}),
    "not-http": lambda response: response,  # ``delivery`` sends none of it
}
