"""What a fault makes of an answer's body."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from .exchange import Answer
    from .fault_names import BadBody

PAGE = b"""\
<!doctype html>
<html lang="en">
<head><title>Sign in to continue</title></head>
<body><h1>Sign in to continue</h1><p>This page stands between you and the network.</p></body>
</html>
"""
WITHOUT_BODY = frozenset({204, 205, 304})


def spoil(answer: Answer, kind: BadBody) -> Answer:
    """Give the answer with its body spoiled; one that may have none becomes a 200.

    The HTML page comes without the vendor's headers, as from something in front of it.
    """
    content = answer.content or b"{}"
    if kind == "empty":
        return attrs.evolve(answer, content=b"")
    answer = with_content(answer, content)
    if kind == "truncated":
        return attrs.evolve(answer, content=content[: len(content) // 2])
    if kind == "text":
        return attrs.evolve(answer, content=b"upstream said no", media_type="text/plain")
    if kind == "html":
        return attrs.evolve(answer, content=PAGE, media_type="text/html", headers={})
    return attrs.evolve(answer, content=b'["unexpected"]')


def with_content(answer: Answer, content: bytes = b"{}") -> Answer:
    """Give the answer with a body, and a status that may have one."""
    status = 200 if answer.status in WITHOUT_BODY else answer.status
    return attrs.evolve(answer, status=status, content=answer.content or content)
