"""What a fault makes of a response's body."""

import attrs

from ..exchange import Response
from .names import BadBody

PAGE = b"""\
<!doctype html>
<html lang="en">
<head><title>Sign in to continue</title></head>
<body><h1>Sign in to continue</h1><p>This page stands between you and the network.</p></body>
</html>
"""
WITHOUT_BODY = frozenset({204, 205, 304})


def spoil(response: Response, kind: BadBody) -> Response:
    """Return the response with its body spoiled; one that may have none becomes a 200.

    The HTML page comes without the vendor's headers, as from something in front of it.
    """
    content = response.content or b"{}"
    if kind == "empty":
        return attrs.evolve(response, content=b"")
    response = with_content(response, content)
    if kind == "truncated":
        return attrs.evolve(response, content=content[: len(content) // 2])
    if kind == "text":
        return attrs.evolve(response, content=b"upstream said no", media_type="text/plain")
    if kind == "html":
        return attrs.evolve(response, content=PAGE, media_type="text/html", headers={})
    return attrs.evolve(response, content=b'["unexpected"]')


def with_content(response: Response, content: bytes = b"{}") -> Response:
    """Return the response with a body, and a status that may have one."""
    status = 200 if response.status in WITHOUT_BODY else response.status
    return attrs.evolve(response, status=status, content=response.content or content)
