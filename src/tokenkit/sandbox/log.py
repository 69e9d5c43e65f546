"""One line a request, at level INFO, on this module's logger; silent unless someone listens."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .exchange import Answer

logger: logging.Logger = logging.getLogger(__name__)

LOG_LINE = "tokenkit.sandbox.line"
"""Where in the ASGI scope an endpoint leaves the request's log line."""


def shorten(token: str) -> str:
    """Give enough of a token to recognise it, and too little to use it."""
    return f"{token[:6]}…"


def describe(answer: Answer) -> str:
    """Say in one line what became of a request; text from the client is escaped."""
    if answer.reason:
        parts = [f"refused: {answer.reason!r}"]
        if answer.signed_text:
            parts.append(f"expected to be signed: {answer.signed_text!r}")
        if answer.hint:
            parts.append(f"hint: {answer.hint}")
        return "; ".join(parts)
    parts = ["ok"]
    if answer.subject:
        parts.append(f"subject={answer.subject!r}")
    if answer.token:
        parts.append(f"token={shorten(answer.token)}")
    return " ".join(parts)
