"""One line per request, at level INFO, on this module's logger; silent unless it is enabled."""

import logging
import unicodedata

from .exchange import Response

__all__ = ["LOG_LINE", "describe", "logger", "shorten", "visible", "write"]

logger: logging.Logger = logging.getLogger(__name__)

LOG_LINE = "tokenkit.sandbox.line"
"""Where in the ASGI scope an endpoint leaves the request's log line."""


INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories that are invisible or would reorder the text around them."""


def write(line: str) -> None:
    """Log a line, with anything that a terminal would obey escaped."""
    logger.info("%s", visible(line))


def visible(text: str) -> str:
    """Escape invisible characters."""
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if unicodedata.category(character) in INVISIBLE:
        return character.encode("unicode_escape").decode("ascii")
    return character


def shorten(token: str) -> str:
    """Return enough of a token to recognise it, and too little to use it."""
    return f"{token[:6]}..."


def describe(response: Response) -> str:
    """Summarize in one line how a request went; text from the client is escaped."""
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
