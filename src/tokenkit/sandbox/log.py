"""One line a request, at level INFO, on this module's logger; silent unless someone listens."""

import logging

from .exchange import Response

logger: logging.Logger = logging.getLogger(__name__)

LOG_LINE = "tokenkit.sandbox.line"
"""Where in the ASGI scope an endpoint leaves the request's log line."""


def shorten(token: str) -> str:
    """Return enough of a token to recognise it, and too little to use it."""
    return f"{token[:6]}…"


def describe(response: Response) -> str:
    """Say in one line what became of a request; text from the client is escaped."""
    if response.reason:
        parts = [f"refused: {response.reason!r}"]
        if response.signed_text:
            parts.append(f"expected to be signed: {response.signed_text!r}")
        if response.hint:
            parts.append(f"hint: {response.hint}")
        return "; ".join(parts)
    parts = ["ok"]
    if response.subject:
        parts.append(f"subject={response.subject!r}")
    if response.token:
        parts.append(f"token={shorten(response.token)}")
    return " ".join(parts)
